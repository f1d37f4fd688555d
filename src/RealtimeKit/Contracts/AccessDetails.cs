using System.Security.Claims;
using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>What a question to <see cref="IRealtimeUsers.CheckAccessAsync"/> is about, beside the user, the channel and the operation.</summary>
public sealed record AccessDetails
{
    /// <summary>The user's claims, for an authorizer that looks at them, such as the <c>User</c> of an HTTP request.</summary>
    public ClaimsPrincipal? Principal { get; init; }

    /// <summary>The message to edit or delete. Without it the question is about a message of the user's own.</summary>
    public long? Sequence { get; init; }

    /// <summary>For an operation on another user that user.</summary>
    public string? Target { get; init; }

    /// <summary>The role to be given, for <see cref="ChannelOperation.Invite"/> and <see cref="ChannelOperation.SetRole"/>.</summary>
    public ChannelRole? NewRole { get; init; }

    /// <summary>The kind of the channel to be made, for <see cref="ChannelOperation.Create"/>.</summary>
    public ChannelKind Kind { get; init; }
}
