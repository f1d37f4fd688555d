using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit;

/// <summary>
/// Channels, from the application's own code, which is trusted: no method asks the authorizer.
/// Safe for concurrent use. Every call may throw <see cref="StoreUnavailableException"/>; then it may be tried again.
/// </summary>
public interface IRealtimeChannels
{
    /// <summary>Makes the channel where there is none of that name; an existing one stays as it is.</summary>
    /// <param name="channel">The channel: 1 to 128 ASCII letters, digits or any of <c>-_.:@</c>.</param>
    /// <param name="kind">Who may find it; public or private.</param>
    /// <param name="name">A display name of at most 64 UTF-16 code units, if any.</param>
    /// <param name="owner">A user who becomes its owner, if any.</param>
    /// <param name="data">The application's own data, if any: a JSON object of at most 8,192 bytes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The channel as it is.</returns>
    /// <exception cref="ArgumentException">An argument is not of that form.</exception>
    Task<ChannelInfo> EnsureAsync(
        string channel, ChannelKind kind = ChannelKind.Public, string? name = null, string? owner = null, JsonValue? data = null,
        CancellationToken cancellationToken = default);

    /// <summary>Gives the direct channel of two users, making it where there is none.</summary>
    /// <exception cref="ArgumentException">The users are the same, or not valid.</exception>
    Task<ChannelInfo> EnsureDirectAsync(string user, string other, CancellationToken cancellationToken = default);

    /// <summary>Gives a channel, or <see langword="null"/> where there is none of that name.</summary>
    Task<ChannelInfo?> GetAsync(string channel, CancellationToken cancellationToken = default);

    /// <summary>Lists all channels whose names begin with a prefix, of every kind, in ordinal order of the names.</summary>
    /// <param name="prefix">What the names begin with; empty for all channels.</param>
    /// <param name="after">The last name of the page before, or <see langword="null"/> for the first page.</param>
    /// <param name="limit">The most channels, 1 to 200.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A page; a channel that is made or deleted meanwhile is in it or not.</returns>
    /// <exception cref="ArgumentException">The prefix cannot begin a channel's name, or the limit is not from 1 to 200.</exception>
    Task<ChannelInfoPage> ListAsync(
        string prefix = "", string? after = null, int limit = ProtocolConstants.MaxPageSize, CancellationToken cancellationToken = default);

    /// <summary>Changes a channel's settings. Its subscribers receive them.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="edit">What to change.</param>
    /// <param name="by">
    /// The user who does it: then the channel's list of actions has it. <see langword="null"/> for the application itself. Whether that user may
    /// is not asked.
    /// </param>
    /// <param name="cancellationToken">Ends the wait; the settings may still be changed.</param>
    /// <returns>The settings as they now are.</returns>
    /// <exception cref="ArgumentException">An argument is not valid.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<ChannelSettings> UpdateAsync(string channel, ChannelEdit edit, string? by = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Lists public channels by name without regard to case, then by identifier, those without a name last: up to 200 at a time.
    /// </summary>
    /// <param name="query">Beginnings of words of the name, each of which must be there, or <see langword="null"/> for all channels.</param>
    /// <param name="before">The <see cref="DirectoryPage.Next"/> of the page before, or <see langword="null"/> for the first.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A page. It may have fewer channels, also none, before the last page.</returns>
    /// <exception cref="FormatException"><paramref name="before"/> is not from an earlier page.</exception>
    Task<DirectoryPage> ListDirectoryAsync(string? query = null, string? before = null, CancellationToken cancellationToken = default);

    /// <summary>Deletes a channel with its messages, for good. Its subscriptions end with the reason <c>deleted</c>.</summary>
    /// <returns>Whether there was one.</returns>
    Task<bool> DeleteAsync(string channel, CancellationToken cancellationToken = default);

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

    /// <summary>The users who are subscribed to a channel now, through any node, in the order of their names.</summary>
    /// <param name="channel">The channel; one that does not exist has nobody.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>
    /// What the other nodes reported. A node that does not answer is left out after a second; users of a node that
    /// stopped responding count for up to three of <see cref="RealtimeOptions.NodeHeartbeat"/>.
    /// </returns>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    Task<IReadOnlyList<PresentUser>> GetPresenceAsync(string channel, CancellationToken cancellationToken = default);

    /// <summary>
    /// Sends a signal to a channel's subscribers, to all their connections. It is not stored and has no order relative to messages: who is not
    /// connected misses it, and so may a reader who is too slow.
    /// </summary>
    /// <param name="channel">The channel.</param>
    /// <param name="name">Its name: 1 to 64 UTF-16 code units, neither <c>presence</c> nor <c>read</c>.</param>
    /// <param name="data">Any JSON value of the application's own, at most 65,536 bytes.</param>
    /// <param name="sender">The user who sends it, or <see langword="null"/> for the application itself. Whether that user may is not asked.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">An argument is not of that form.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task SignalAsync(
        string channel, string name, JsonValue? data = null, string? sender = null, CancellationToken cancellationToken = default);
}
