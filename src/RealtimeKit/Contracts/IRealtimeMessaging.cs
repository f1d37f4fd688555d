using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit;

/// <summary>
/// Messaging from the application's own code, which is trusted: it bypasses the authorizer. Safe for concurrent
/// use. Every call may throw <see cref="StoreUnavailableException"/>; then it may be tried again.
/// </summary>
public interface IRealtimeMessaging
{
    /// <summary>Makes the channel where there is none of that name; an existing one stays as it is.</summary>
    /// <param name="channel">The channel: 1 to 128 ASCII letters, digits or any of <c>-_.:@</c>.</param>
    /// <param name="kind">Who may find it; public or private.</param>
    /// <param name="name">A display name of at most 64 UTF-16 code units, if any.</param>
    /// <param name="owner">A user who becomes its owner, if any.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The channel as it is.</returns>
    /// <exception cref="ArgumentException">An argument is not of that form.</exception>
    Task<ChannelInfo> EnsureChannelAsync(
        string channel, ChannelKind kind = ChannelKind.Public, string? name = null, string? owner = null,
        CancellationToken cancellationToken = default);

    /// <summary>Gives the direct channel of two users, making it where there is none.</summary>
    /// <exception cref="ArgumentException">The users are the same, or not valid.</exception>
    Task<ChannelInfo> EnsureDirectChannelAsync(string user, string other, CancellationToken cancellationToken = default);

    /// <summary>Gives a channel, or <see langword="null"/> where there is none of that name.</summary>
    Task<ChannelInfo?> GetChannelAsync(string channel, CancellationToken cancellationToken = default);

    /// <summary>Changes a channel's settings. Its subscribers receive them.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="edit">What to change.</param>
    /// <param name="cancellationToken">Ends the wait; the settings may still be changed.</param>
    /// <returns>The settings as they now are.</returns>
    /// <exception cref="ArgumentException">An argument is not valid.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<ChannelSettings> UpdateChannelAsync(string channel, ChannelEdit edit, CancellationToken cancellationToken = default);

    /// <summary>Deletes a channel with its messages, for good. Its subscriptions end with the reason <c>deleted</c>.</summary>
    /// <returns>Whether there was one.</returns>
    Task<bool> DeleteChannelAsync(string channel, CancellationToken cancellationToken = default);

    /// <summary>
    /// Gives every channel a new epoch, so that every client drops what it holds and begins anew. Call it after a backup was restored, or after a
    /// failover that lost commits, while no node of the application serves clients: before <c>app.Run()</c>.
    /// </summary>
    /// <remarks>
    /// A storage that was put back gives the numbers of the messages that it lost to other messages. Without new epochs a client that holds the
    /// lost ones takes itself for up to date.
    /// </remarks>
    /// <param name="cancellationToken">Ends the wait; then some channels may have the old epoch still.</param>
    Task RenewEpochsAsync(CancellationToken cancellationToken = default);

    /// <summary>Makes a user a member. Whoever is one already keeps the role.</summary>
    /// <returns>Whether the user was not a member.</returns>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="UserBannedException">The user is banned from the channel.</exception>
    Task<bool> AddMemberAsync(
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
    Task<bool> RemoveMemberAsync(string channel, string user, CancellationToken cancellationToken = default);

    /// <summary>
    /// Keeps a user out of a channel, member or not: the membership ends, and the subscriptions with the reason <c>banned</c>. Replaces an
    /// earlier ban.
    /// </summary>
    /// <remarks>
    /// Once it has completed, no change of the user gets a version in the channel any more, on whichever node, whether or not the nodes
    /// hear each other.
    /// </remarks>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The user.</param>
    /// <param name="until">When the ban ends by itself; <see langword="null"/> for never.</param>
    /// <param name="reason">Why, for moderators to read: at most 200 UTF-16 code units.</param>
    /// <param name="cancellationToken">Ends the wait; the user may still be banned.</param>
    /// <returns>Whether that was not so already.</returns>
    /// <exception cref="ArgumentException">An argument is not of that form, or <paramref name="until"/> has passed.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="LastOwnerException">The user is the channel's last owner.</exception>
    Task<bool> BanAsync(
        string channel, string user, DateTimeOffset? until = null, string? reason = null, CancellationToken cancellationToken = default);

    /// <summary>Ends a ban. The user is no member.</summary>
    /// <returns>Whether the user was banned.</returns>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<bool> UnbanAsync(string channel, string user, CancellationToken cancellationToken = default);

    /// <summary>
    /// Lets a user, member or not, only read a channel, and delete their own messages. Replaces an earlier mute, and outlives the membership.
    /// </summary>
    /// <inheritdoc cref="BanAsync" path="/remarks"/>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The user.</param>
    /// <param name="until">When the mute ends by itself; <see langword="null"/> for never.</param>
    /// <param name="reason">Why, for moderators to read: at most 200 UTF-16 code units.</param>
    /// <param name="cancellationToken">Ends the wait; the user may still be muted.</param>
    /// <returns>Whether that was not so already.</returns>
    /// <exception cref="ArgumentException">An argument is not of that form, or <paramref name="until"/> has passed.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<bool> MuteAsync(
        string channel, string user, DateTimeOffset? until = null, string? reason = null, CancellationToken cancellationToken = default);

    /// <summary>Ends a mute.</summary>
    /// <returns>Whether the user was muted.</returns>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<bool> UnmuteAsync(string channel, string user, CancellationToken cancellationToken = default);

    /// <summary>
    /// Asks the authorizer again about a channel, after rights changed that only the application knows. Call it once the authorizer gives the
    /// new answer.
    /// </summary>
    /// <remarks>
    /// Once it has completed, no change that the authorizer forbids now gets a version in the channel any more, on whichever node. Subscriptions
    /// of who may not read any more end with the reason <c>denied</c>: within a second on nodes that hear each other, and within
    /// <see cref="RealtimeOptions.RepairInterval"/> on all others.
    /// </remarks>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The one user whose rights changed, or <see langword="null"/> for everybody.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">A name is not valid.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task RecheckAccessAsync(string channel, string? user = null, CancellationToken cancellationToken = default);

    /// <summary>Lists what moderators and owners did, the latest first, up to 200 at a time. What the application did is not among it.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="before">The <see cref="ActionPage.Next"/> of the page before, or <see langword="null"/> for the first.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    Task<ActionPage> ListActionsAsync(string channel, long? before = null, CancellationToken cancellationToken = default);

    /// <summary>Lists the bans that hold, in the order of the users' names, up to 200 at a time, those after <paramref name="after"/>.</summary>
    Task<BanPage> ListBansAsync(string channel, string? after = null, CancellationToken cancellationToken = default);

    /// <summary>Lists members in the order of their names, up to 200 at a time, those after <paramref name="after"/>.</summary>
    Task<MemberPage> ListMembersAsync(string channel, string? after = null, CancellationToken cancellationToken = default);

    /// <summary>Stores a message and sends it to the channel's subscribers. Completes when it is durable.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="message">The message.</param>
    /// <param name="sender">The user who sends it, or <see langword="null"/> for the application itself.</param>
    /// <param name="cancellationToken">Ends the wait; the message may still be stored.</param>
    /// <returns>Where it stands; for a message of the same id that was stored before, that one's place.</returns>
    /// <exception cref="ArgumentException">The message is empty or over a limit.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="MessageNotFoundException">There is no such message to reply to.</exception>
    /// <exception cref="MessageIdConflictException">The channel has another message under the id.</exception>
    Task<SentMessage> SendAsync(
        string channel, OutgoingMessage message, string? sender = null, CancellationToken cancellationToken = default);

    /// <summary>Reads history in ascending sequence.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="before">Only sequences below this one.</param>
    /// <param name="after">Only sequences above this one; then the oldest of the range come first, otherwise the newest.</param>
    /// <param name="limit">The most messages, 1 to 200.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<MessagePage> ReadHistoryAsync(
        string channel, long? before = null, long? after = null, int limit = ProtocolConstants.DefaultPageSize,
        CancellationToken cancellationToken = default);

    /// <summary>The users who are subscribed to a channel now, through any node, in the order of their names.</summary>
    /// <param name="channel">The channel; one that does not exist has nobody.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>
    /// What the other nodes reported. A node that does not answer is left out after a second; users of a node that
    /// stopped responding count for up to three of <see cref="RealtimeOptions.NodeHeartbeat"/>.
    /// </returns>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    Task<IReadOnlyList<PresentUser>> GetPresenceAsync(string channel, CancellationToken cancellationToken = default);

    /// <summary>How many connections a user has now, to all nodes together.</summary>
    /// <param name="user">The user.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The sum of what the nodes answer; one that does not within 1.5 seconds is left out.</returns>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    Task<int> GetConnectionCountAsync(string user, CancellationToken cancellationToken = default);

    /// <summary>
    /// Closes the user's connections, to whichever node, with code 4403; their clients do not come back by themselves.
    /// </summary>
    /// <remarks>
    /// A node that cannot be reached at this moment is asked again for 1.5 seconds and not after that, and nothing stops the
    /// user from signing in anew: to shut somebody out, end the membership or refuse the sign-in first.
    /// </remarks>
    /// <param name="user">The user.</param>
    /// <param name="reason">The reason that the client receives, for a developer to read.</param>
    /// <param name="cancellationToken">Ends the wait; the nodes may still close.</param>
    /// <returns>How many connections the nodes say they closed.</returns>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    Task<int> DisconnectUserAsync(
        string user, string reason = "Disconnected by the application.", CancellationToken cancellationToken = default);
}

/// <summary>A channel as the application sees it.</summary>
/// <param name="Channel">Its identifier.</param>
/// <param name="Kind">Who may find it.</param>
/// <param name="Settings">Its settings.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Version">The number of its latest change; 0 before the first.</param>
/// <param name="Sequence">The number of its latest message; 0 before the first.</param>
public sealed record ChannelInfo(string Channel, ChannelKind Kind, ChannelSettings Settings, DateTimeOffset Created, long Version, long Sequence);
