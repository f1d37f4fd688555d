using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit;

/// <summary>
/// Who is a member of which channel, from the application's own code, which is trusted: no method asks the authorizer.
/// Safe for concurrent use. Every call may throw <see cref="StoreUnavailableException"/>; then it may be tried again.
/// </summary>
public interface IRealtimeMembers
{
    /// <summary>Makes a user a member. Whoever is one already keeps the role.</summary>
    /// <returns>Whether the user was not a member.</returns>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="UserBannedException">The user is banned from the channel.</exception>
    Task<bool> AddAsync(
        string channel, string user, ChannelRole role = ChannelRole.Member, CancellationToken cancellationToken = default);

    /// <summary>Gives a user a role. Whoever is no member becomes one.</summary>
    /// <returns>Whether the user had another role, or none.</returns>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="LastOwnerException">The channel's last owner would lose that role.</exception>
    /// <exception cref="UserBannedException">The user is banned from the channel.</exception>
    Task<bool> SetRoleAsync(string channel, string user, ChannelRole role, CancellationToken cancellationToken = default);

    /// <summary>Ends a membership. The user's subscriptions end with the reason <c>removed</c>.</summary>
    /// <returns>Whether the user was a member.</returns>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="LastOwnerException">The user is the channel's last owner.</exception>
    Task<bool> RemoveAsync(string channel, string user, CancellationToken cancellationToken = default);

    /// <summary>Lists members in the order of their names, up to 200 at a time, those after <paramref name="after"/>.</summary>
    Task<MemberPage> ListAsync(string channel, string? after = null, CancellationToken cancellationToken = default);
}
