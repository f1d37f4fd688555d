using System.Net;
using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// Receives what an audit asks for: what moderators did, refused sign-ins, refused permissions, ended connections. Without one the events
/// are logged in the category <c>RealtimeKit.Audit</c>, at the level Information. No event has a message's text or a token.
/// </summary>
/// <remarks>
/// At most once, and from the node on which it happened. What the application's own code does is not among it. What moderators did is also in
/// the store, whole and for good: <see cref="IRealtimeModeration.ListActionsAsync"/>.
/// </remarks>
public interface IAuditSink
{
    /// <summary>
    /// Takes note of an event and returns at once: the request that caused it waits. Called by many threads at a time. What it throws is
    /// logged, and the request goes on.
    /// </summary>
    void Write(AuditEvent audited);
}

/// <summary>Something that an audit asks for.</summary>
/// <param name="Time">When, by the node's clock.</param>
public abstract record AuditEvent(DateTimeOffset Time);

/// <summary>A moderator or owner did something in a channel.</summary>
/// <param name="Time">When.</param>
/// <param name="Channel">The channel.</param>
/// <param name="Action">What was done, by whom, to whom.</param>
public sealed record ModerationEvent(DateTimeOffset Time, string Channel, ChannelAction Action) : AuditEvent(Time);

/// <summary>A sign-in was refused.</summary>
/// <param name="Time">When.</param>
/// <param name="Connection">The connection.</param>
/// <param name="Address">The address of its other end, where the transport knows it.</param>
public sealed record SignInRefusedEvent(DateTimeOffset Time, string Connection, IPAddress? Address) : AuditEvent(Time);

/// <summary>A user asked for something in a channel that the authorizer does not allow.</summary>
/// <param name="Time">When.</param>
/// <param name="User">The user.</param>
/// <param name="Channel">The channel.</param>
/// <param name="Operation">What was asked for.</param>
/// <param name="Target">The other user whom it was about, if it was.</param>
public sealed record PermissionRefusedEvent(DateTimeOffset Time, string User, string Channel, ChannelOperation Operation, string? Target) : AuditEvent(Time);

/// <summary>The connection of a signed-in user has ended.</summary>
/// <param name="Time">When.</param>
/// <param name="User">The user.</param>
/// <param name="Connection">The connection.</param>
/// <param name="Code">Why this node closed it; <see langword="null"/> where the client closed it or it was lost.</param>
/// <param name="Reason">The same in words.</param>
public sealed record DisconnectedEvent(DateTimeOffset Time, string User, string Connection, CloseCode? Code, string? Reason) : AuditEvent(Time);
