using System.Security.Cryptography;
using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// The log of every channel. Whatever else loses data is repaired from it. Implementations are safe for concurrent
/// use and answer from committed data only.
/// </summary>
/// <remarks>
/// A call that cannot reach the storage throws <see cref="StoreUnavailableException"/>; the engine then asks senders to
/// try again. A store also implements <see cref="IChannelStore"/>, over the same channels.
/// A call that ended with an exception must not begin afterwards: only work that was already under way may still take effect.
/// What is given to a call is the store's: the caller never changes a list afterwards, and the store may keep it.
/// </remarks>
public interface IMessageStore
{
    /// <summary>
    /// Whether the log may change by anything else than calls to this object that succeed: another node on the same storage, or a call
    /// whose answer was lost. The engine then compares the channels that it serves with the store at every
    /// <see cref="RealtimeOptions.RepairInterval"/>, with or without a broker.
    /// </summary>
    bool IsShared => true;

    /// <summary>
    /// Applies changes in their order, in one transaction, and returns one result for each, in the same order, after the
    /// transaction is durable. Each that takes effect gets the channel's next <c>version</c>, and a post also the next
    /// <c>sequence</c>, both without gaps. A change that is refused leaves the others alone.
    /// </summary>
    /// <remarks>
    /// A post whose id the channel already holds stores nothing: it is <see cref="AppendOutcome.Duplicate"/> where sender
    /// and digest are the same, else <see cref="AppendOutcome.Conflict"/>; also between copies in one call.
    /// A change whose <see cref="MessageChange.Epoch"/> is not the channel's is <see cref="AppendOutcome.NoMessage"/>.
    /// <see cref="ChangeRules"/> has the rules that are the same in every store. Where a call ends with another exception than
    /// <see cref="StoreUnavailableException"/>, the same changes may come again in smaller calls, so that only those are refused that
    /// cannot be stored.
    /// </remarks>
    /// <exception cref="StoreUnavailableException">Nothing is known to be stored; the same changes may be sent again.</exception>
    ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken);

    /// <summary>
    /// Reads the messages whose version is above <paramref name="afterVersion"/>, each once and as it now is, in
    /// ascending version, from one consistent view.
    /// </summary>
    /// <returns>
    /// The page, with the head of the same view; <see langword="null"/> where the channel does not exist. Where
    /// <see cref="MessagePage.More"/> is false the page reaches the head's version.
    /// </returns>
    /// <exception cref="StoreUnavailableException">The storage is out of reach.</exception>
    ValueTask<MessagePage?> ReadChangesAsync(string channel, long afterVersion, PageLimit limit, CancellationToken cancellationToken);

    /// <summary>Reads a page of history in ascending sequence, from one consistent view.</summary>
    /// <returns>The page, with the head of the same view; <see langword="null"/> where the channel does not exist.</returns>
    /// <exception cref="StoreUnavailableException">The storage is out of reach.</exception>
    ValueTask<MessagePage?> ReadHistoryAsync(HistoryQuery query, CancellationToken cancellationToken);

    /// <summary>Reads the heads of many channels in one query, in any order; channels that do not exist are left out.</summary>
    /// <exception cref="StoreUnavailableException">The storage is out of reach.</exception>
    ValueTask<IReadOnlyList<ChannelHead>> ReadHeadsAsync(IReadOnlyCollection<string> channels, CancellationToken cancellationToken);
}

/// <summary>Where a channel's log stands.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Epoch">A random string made with the channel: a cursor from another epoch means nothing.</param>
/// <param name="Version">The number of the latest change; 0 before the first.</param>
/// <param name="Sequence">The number of the latest message; 0 before the first.</param>
/// <param name="Revision">
/// The number of changes to rights that members had: each removal and each change of a member's role, in the transaction that makes it.
/// A node that sees it rise rechecks whoever reads the channel.
/// </param>
public sealed record ChannelHead(string Channel, string Epoch, long Version, long Sequence, long Revision)
{
    private const int EpochLength = 20;

    /// <summary>The position of the latest change.</summary>
    public ChannelPosition Position => new(Epoch, Version);

    /// <summary>Makes an epoch for a new channel.</summary>
    public static string NewEpoch() => RandomNumberGenerator.GetHexString(EpochLength, lowercase: true);
}

/// <summary>A page of messages and the head of the view that it was read from.</summary>
/// <param name="Head">The head at the moment of reading.</param>
/// <param name="Messages">The messages.</param>
/// <param name="More">Whether the same query has more beyond this page.</param>
public sealed record MessagePage(ChannelHead Head, IReadOnlyList<Message> Messages, bool More);

/// <summary>How much a page may hold: it ends at whichever comes first, but holds at least one message where there is one.</summary>
/// <param name="Messages">The most messages; at least 1.</param>
/// <param name="Bytes">About the most bytes of content; the message that crosses it is the last.</param>
public readonly record struct PageLimit(int Messages, int Bytes);

/// <summary>Which part of a channel's history to read.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Limit">How much at most.</param>
/// <param name="Before">Only sequences below this one.</param>
/// <param name="After">Only sequences above this one; then the page takes the oldest of the range, otherwise the newest.</param>
/// <param name="Thread">Only this message and those whose <c>thread</c> it is.</param>
/// <param name="Pinned">Only pinned messages.</param>
public sealed record HistoryQuery(
    string Channel, PageLimit Limit, long? Before = null, long? After = null, long? Thread = null, bool Pinned = false);
