using RealtimeKit.Files;

namespace RealtimeKit;

/// <summary>
/// Messaging from the application's own code, which is trusted: no method asks the authorizer. What can be done stands in groups, each an
/// interface of its own that a service may also take alone. Safe for concurrent use.
/// </summary>
public interface IRealtimeMessaging
{
    /// <summary>Makes, reads, changes and deletes channels, and tells who is there now.</summary>
    IRealtimeChannels Channels { get; }

    /// <summary>The files of messages.</summary>
    /// <exception cref="InvalidOperationException">The host keeps no files.</exception>
    IRealtimeFiles Files { get; }

    /// <summary>Who is a member of a channel, in which role.</summary>
    IRealtimeMembers Members { get; }

    /// <summary>Sends and reads messages.</summary>
    IRealtimeMessages Messages { get; }

    /// <summary>Bans, mutes, and what moderators and owners did.</summary>
    IRealtimeModeration Moderation { get; }

    /// <summary>Users and their connections.</summary>
    IRealtimeUsers Users { get; }

    /// <summary>What users see of all their channels.</summary>
    IRealtimeInboxes Inboxes { get; }
}
