using System.Security.Claims;
using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// Knows what the application shows of its users: names, pictures, anything of its own. Without one, clients learn of no user. Register it by
/// <see cref="RealtimeMessagingBuilder.UseUserDirectory{T}"/>; say what changed by <see cref="IRealtimeUsers.Changed"/>.
/// </summary>
/// <remarks>
/// Whom a caller may see is the directory's decision. Called from several threads at once, and with up to
/// <see cref="ProtocolConstants.MaxUsersPerRequest"/> users: look them up in one query. A caller's other requests wait for the answer.
/// </remarks>
public interface IUserDirectory
{
    /// <summary>Finds users.</summary>
    /// <param name="lookup">Who asks for whom.</param>
    /// <param name="cancellationToken">Ends the lookup: the caller has gone, or it took ten seconds where no caller waits for it.</param>
    /// <returns>
    /// What the caller may see, in any order. Whoever is left out is unknown to the caller. What was not asked for is ignored, and a profile of
    /// more than <see cref="ProtocolConstants.MaxProfileBytes"/> bytes is left out and logged.
    /// </returns>
    ValueTask<IReadOnlyList<UserProfile>> FindAsync(UserLookup lookup, CancellationToken cancellationToken);
}

/// <summary>Who asks for whom.</summary>
/// <param name="Users">The users that are asked for: at least one, each once. They need not exist.</param>
/// <param name="Caller">The user who asks.</param>
/// <param name="Principal">The caller's claims, as the authenticator gave them with <see cref="SignIn.Principal"/>, if any.</param>
public sealed record UserLookup(IReadOnlyList<string> Users, string Caller, ClaimsPrincipal? Principal);
