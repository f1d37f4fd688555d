using System.Runtime.CompilerServices;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>
/// One channel, as the client's user sees it. All members are safe for concurrent use, but one reader reads at a time.
/// Every request may throw a <see cref="RealtimeException"/> with the server's code, and a <see cref="TimeoutException"/>
/// after <see cref="RealtimeClientOptions.RequestTimeout"/>.
/// </summary>
public sealed partial class RealtimeChannel
{
    private readonly Outbox _outbox;
    private readonly RequestTable _requests;
    private readonly SubscriptionTable _subscriptions;
    private readonly FileTransfers _files;
    private ChannelStream? _stream;
    private ChannelCursor? _cursor;

    internal RealtimeChannel(string id, TimeProvider time, Outbox outbox, RequestTable requests, SubscriptionTable subscriptions, FileTransfers files)
    {
        (Id, _outbox, _requests, _subscriptions, _files) = (id, outbox, requests, subscriptions, files);
        _typing = new Throttle(TypingInterval, time);
    }

    /// <summary>The channel's identifier.</summary>
    public string Id { get; }

    /// <summary>
    /// The place behind the last update that <see cref="ReadAsync"/> returned: kept by the application, it lets
    /// <see cref="SubscribeOptions.After"/> go on there. Nothing before the first.
    /// </summary>
    public ChannelCursor? Cursor => Volatile.Read(ref _cursor);

    /// <summary>
    /// Subscribes, and ends when the server confirmed it. From then on the subscription lasts until
    /// <see cref="UnsubscribeAsync"/>, a <see cref="ChannelRevoked"/> or the end of the client, over all connections; its
    /// updates wait for <see cref="ReadAsync"/>. A server that cannot do it now is asked again.
    /// </summary>
    /// <param name="options">Where to begin. Default: with what comes from now on.</param>
    /// <param name="cancellationToken">Gives the subscription up.</param>
    /// <exception cref="InvalidOperationException">The channel is subscribed already.</exception>
    /// <exception cref="RealtimeException">The server refused for good (such as <c>not_found</c>), or the client is closed.</exception>
    public async Task<ChannelSubscription> SubscribeAsync(SubscribeOptions? options = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var stream = _subscriptions.Add(Id, options ?? SubscribeOptions.Live);
        Volatile.Write(ref _stream, stream);
        try
        {
            return await stream.First.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _ = _subscriptions.Remove(stream);
            throw;
        }
    }

    /// <summary>
    /// The updates of the subscription as they come: every message exactly once, as posted, in order and without a gap, with
    /// what changed about messages, and signals. Ends when the subscription does.
    /// </summary>
    /// <remarks>
    /// Who reads slowly loses nothing: when <see cref="RealtimeClientOptions.ReadBuffer"/> updates wait, the client leaves
    /// the channel's live stream, and takes it up at the same place when half of them are read. Other channels and the
    /// connection go on meanwhile; signals do not come, and other users may see the user leave and return. A subscription
    /// that is never read comes to rest there. Reading may be given up and begun again: it goes on behind the last update.
    /// </remarks>
    /// <param name="cancellationToken">Ends the reading, not the subscription.</param>
    /// <exception cref="InvalidOperationException">The channel was not subscribed, or another reader is reading.</exception>
    /// <exception cref="RealtimeException">The server ended the client for good.</exception>
    public async IAsyncEnumerable<ChannelUpdate> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var stream = Volatile.Read(ref _stream) ?? throw new InvalidOperationException($"'{Id}' is not subscribed.");
        await foreach (var item in stream.Buffer.ReadAsync(() => _subscriptions.OnTaken(stream), cancellationToken).ConfigureAwait(false))
        {
            if (item.Cursor is not null) Volatile.Write(ref _cursor, item.Cursor);
            yield return item.Update;
        }
    }

    /// <summary>Ends the subscription, if there is one. The reader gets what it has not read, and then the end.</summary>
    /// <param name="cancellationToken">Ends the waiting for the server.</param>
    public Task UnsubscribeAsync(CancellationToken cancellationToken = default) =>
        Volatile.Read(ref _stream) is { } stream ? _subscriptions.RemoveAsync(stream, cancellationToken) : Task.CompletedTask;

    private Task<OkFrame> RequestAsync(byte[] type, bool repeat, CancellationToken cancellationToken) =>
        _requests.SendAsync<OkFrame>((output, id) => ClientRequests.OfChannel(output, type, id, Id), repeat, cancellationToken);
}
