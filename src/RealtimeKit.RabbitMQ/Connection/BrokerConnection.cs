using RabbitMQ.Client.Exceptions;
using RealtimeKit.RabbitMQ.Publishing;
using RealtimeKit.RabbitMQ.Routing;

namespace RealtimeKit.RabbitMQ.Connection;

/// <summary>
/// The node's connection to one broker for as long as the node lives: it connects, connects again, and tells the engine
/// what was lost on the way.
/// </summary>
internal sealed class BrokerConnection : IAsyncDisposable
{
    // Between two tellings, so that a broker that refuses everything does not keep the node busy with telling so.
    private static readonly TimeSpan TellPause = TimeSpan.FromMilliseconds(100);

    private readonly NodeContext _node;
    private readonly BrokerAddress[] _addresses;
    private readonly Share _share;
    private readonly ConnectionOpener _opener;
    private readonly PublishQueue _queue;
    private readonly LostPublishes _lost = new();
    private readonly Backoff _backoff;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _tried = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _work;
    private volatile Link? _link;
    private int _address;
    private string? _failure;
    private bool _isLost;

    public BrokerConnection(NodeContext node, RabbitMqEndpoint endpoint, Share share)
    {
        (_node, _share) = (node, share);
        _addresses = [.. endpoint.Uris.Select(uri => BrokerAddress.TryParse(uri, out var address, out var failure) ? address : throw new ArgumentException(failure))];
        _opener = new ConnectionOpener(node.Options, node.Time);
        _queue = new PublishQueue(node.Options.PublishQueueLength, node.Options.PublishQueueBytes);
        _backoff = new Backoff(node.Options.MaxReconnectDelay);
        _work = Task.WhenAll(Task.Run(RunAsync), Task.Run(TellAsync));
    }

    /// <summary>Ends when each address was tried once, or one of them has answered.</summary>
    public Task Tried => _tried.Task;

    private string Address => _addresses[_address].ToString();

    public void Publish(string channel, int partition, byte[] buffer, int length)
    {
        var publication = new Publication(channel, partition, buffer, length);
        if (_link is not null && _queue.TryEnqueue(publication)) return;
        publication.Return();
        _lost.Note(channel);
    }

    /// <summary>Makes a partition's binding what is wanted; where the broker is away, the next connection does.</summary>
    public async ValueTask LevelAsync(int partition, CancellationToken cancellationToken)
    {
        if (_link is not { } link) return;
        try
        {
            await link.LevelAsync(partition).WaitAsync(_node.Options.Timeout, _node.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            link.Fail(Describe(exception));
        }
    }

    /// <summary>Sends what waits, for a while, and leaves the broker.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Complete();
        await FlushAsync().ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _work.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task FlushAsync()
    {
        var started = _node.Time.GetTimestamp();
        while (_link is { } link && !(_queue.IsEmpty && link.IsConfirmed) && _node.Time.GetElapsedTime(started) < _node.Options.Timeout)
            await Task.Delay(TimeSpan.FromMilliseconds(5), _node.Time).ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (await ConnectAsync().ConfigureAwait(false) is { } link) await ServeAsync(link).ConfigureAwait(false);
                else Leave();
                _tried.TrySetResult();
                await Task.Delay(_backoff.Next(), _node.Time, _stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                BrokerLog.Failed(_node.Log, Address, exception);
            }
        }

        _tried.TrySetResult();
    }

    // Tries each address once, beginning with the one that worked last.
    private async Task<Link?> ConnectAsync()
    {
        for (var attempt = 0; attempt < _addresses.Length; attempt++)
        {
            try
            {
                var open = await _opener.OpenAsync(_addresses[_address], _stop.Token).ConfigureAwait(false);
                return await Link.StartAsync(open, _node, _share, _queue, _lost, _stop.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (!_stop.IsCancellationRequested)
            {
                var failure = $"{Address} {Describe(exception)}";
                if (failure != _failure) BrokerLog.Unreachable(_node.Log, Address, Describe(exception));
                _failure = failure;
                _address = (_address + 1) % _addresses.Length;
            }
        }

        return null;
    }

    private async Task ServeAsync(Link link)
    {
        var since = _node.Time.GetTimestamp();
        await using (link.ConfigureAwait(false))
        {
            try
            {
                BrokerLog.Connected(_node.Log, Address);
                _failure = null;
                await EnterAsync(link).ConfigureAwait(false);
                await foreach (var blocked in link.Blocked.ReadAllAsync(_stop.Token).ConfigureAwait(false))
                {
                    if (blocked) BrokerLog.Blocked(_node.Log, Address, link.BlockedBecause);
                    else BrokerLog.Unblocked(_node.Log, Address);
                    if (blocked) Leave();
                    else await EnterAsync(link).ConfigureAwait(false);
                }

                BrokerLog.Lost(_node.Log, Address, link.Reason);
            }
            finally
            {
                if (_stop.IsCancellationRequested) await link.CloseAsync().ConfigureAwait(false);
                else Leave();
                _link = null;
            }
        }

        // One that is lost again and again is no success.
        if (_node.Time.GetElapsedTime(since) > _node.Options.MaxReconnectDelay) _backoff.Reset();
    }

    // What was subscribed to between the declaration and this moment found no connection: hence once more.
    private async Task EnterAsync(Link link)
    {
        _link = link;
        try
        {
            await link.LevelAsync().WaitAsync(_node.Options.Timeout, _node.Time).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            link.Fail(Describe(exception));
            return;
        }

        if (_isLost) Tell(static receiver => receiver.ConnectionRegained());
        _isLost = false;
        _tried.TrySetResult();
        _lost.Wake();
    }

    private void Leave()
    {
        _link = null;
        if (!_isLost) Tell(static receiver => receiver.ConnectionLost());
        _isLost = true;
    }

    // Not before the others can hear of it, and not while the queue is full: telling them takes room in it.
    private async Task TellAsync()
    {
        try
        {
            while (true)
            {
                await _lost.WaitAsync(_stop.Token).ConfigureAwait(false);
                if (_link is null || !_queue.HasRoom) continue;
                var channels = _lost.Take();
                if (channels.Count == 0) continue;
                BrokerLog.PublishesLost(_node.Log, channels.Count);
                foreach (var channel in channels) Tell(receiver => receiver.PublishLost(channel));
                await Task.Delay(TellPause, _node.Time, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The node ends.
        }
    }

    private void Tell(Action<IBrokerReceiver> what)
    {
        try
        {
            what(_node.Receiver);
        }
        catch (Exception exception)
        {
            BrokerLog.ReceiverFailed(_node.Log, exception);
        }
    }

    private static string Describe(Exception exception) => exception switch
    {
        BrokerUnreachableException { InnerException: { } inner } => Describe(inner),
        AggregateException { InnerExceptions.Count: 1, InnerException: { } inner } => Describe(inner),
        TimeoutException or OperationCanceledException => "it does not answer",
        _ => exception.Message,
    };
}
