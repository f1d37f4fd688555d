using RabbitMQ.Client.Exceptions;
using RealtimeKit.Brokers;
using RealtimeKit.RabbitMQ.Diagnostics;
using RealtimeKit.RabbitMQ.Publishing;
using RealtimeKit.RabbitMQ.Routing;
using RealtimeKit.RabbitMQ.Settings;

namespace RealtimeKit.RabbitMQ.Connection;

/// <summary>
/// The node's connection to one broker, until the node stops: it connects, reconnects, and reports to the engine what may
/// have been lost.
/// </summary>
internal sealed class BrokerConnection : IAsyncDisposable
{
    private const int MaxFailures = 100;

    private readonly NodeContext _node;
    private readonly BrokerAddress[] _addresses;
    private readonly Share _share;
    private readonly ConnectionOpener _opener;
    private readonly PublishQueue _queue;
    private readonly Backoff _backoff;
    private readonly HashSet<(int Address, string Reason)> _failures = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _tried = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _work;
    private volatile BrokerSession? _session;
    private int _address;
    private bool _isLost;

    public BrokerConnection(NodeContext node, RabbitMqEndpoint endpoint, Share share)
    {
        (_node, _share) = (node, share);
        _addresses = [.. endpoint.Uris.Select(uri => BrokerAddress.TryParse(uri, out var address, out var failure) ? address : throw new ArgumentException(failure))];
        _opener = new ConnectionOpener(node.Options, node.Time);
        _queue = new PublishQueue(node.Options.PublishQueueLength, node.Options.PublishQueueBytes);
        _backoff = new Backoff(node.Options.MaxReconnectDelay);
        _work = Task.Run(RunAsync);
    }

    /// <summary>Ends when each address was tried once, or one of them has answered.</summary>
    public Task Tried => _tried.Task;

    private string Address => _addresses[_address].ToString();

    public void Publish(string channel, int partition, byte[] buffer, int length)
    {
        var publication = new Publication(channel, partition, buffer, length);
        if (_session is not null && _queue.TryEnqueue(publication)) return;
        publication.Return();
        _node.PublishLost(channel);
    }

    /// <summary>Makes a partition's binding what is wanted; where the broker is away, the next connection does.</summary>
    public async ValueTask LevelAsync(int partition, CancellationToken cancellationToken)
    {
        if (_session is not { } session) return;
        try
        {
            await session.LevelAsync(partition).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            session.Fail(Describe(exception));
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
        while (_session is { } session && !(_queue.IsEmpty && session.IsConfirmed) && _node.Time.GetElapsedTime(started) < _node.Options.Timeout)
            await Task.Delay(TimeSpan.FromMilliseconds(5), _node.Time).ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (await ConnectAsync().ConfigureAwait(false) is { } session) await ServeAsync(session).ConfigureAwait(false);
                else Leave();
            }
            catch (Exception exception) when (_stop.IsCancellationRequested)
            {
                // It was stopped, whatever it was doing.
                if (exception is not OperationCanceledException) BrokerLog.CloseFailed(_node.Log, exception);
            }
            catch (Exception exception)
            {
                BrokerLog.Failed(_node.Log, Address, exception);
            }

            _tried.TrySetResult();
            await Task.Delay(_backoff.Next(), _node.Time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Tries each address once, beginning with the one that worked last.
    private async Task<BrokerSession?> ConnectAsync()
    {
        for (var attempt = 0; attempt < _addresses.Length; attempt++)
        {
            try
            {
                var open = await _opener.OpenAsync(_addresses[_address], _stop.Token).ConfigureAwait(false);
                return await BrokerSession.StartAsync(open, _node, _share, _queue, _stop.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (!_stop.IsCancellationRequested)
            {
                // Once for each reason until the next success, not at each attempt.
                var reason = Describe(exception);
                if (_failures.Count < MaxFailures && _failures.Add((_address, reason))) BrokerLog.Unreachable(_node.Log, Address, reason);
                _address = (_address + 1) % _addresses.Length;
            }
        }

        return null;
    }

    private async Task ServeAsync(BrokerSession session)
    {
        var since = _node.Time.GetTimestamp();
        await using (session.ConfigureAwait(false))
        {
            try
            {
                BrokerLog.Connected(_node.Log, Address);
                _failures.Clear();
                await EnterAsync(session).ConfigureAwait(false);
                await foreach (var blocked in session.Blocked.ReadAllAsync(_stop.Token).ConfigureAwait(false))
                {
                    if (blocked) BrokerLog.Blocked(_node.Log, Address, session.BlockedBecause);
                    else BrokerLog.Unblocked(_node.Log, Address);
                    if (blocked) Leave();
                    else await EnterAsync(session).ConfigureAwait(false);
                }

                BrokerLog.Lost(_node.Log, Address, session.Reason);
            }
            finally
            {
                if (_stop.IsCancellationRequested) await session.CloseAsync().ConfigureAwait(false);
                else Leave();
                _session = null;
            }
        }

        // One that is lost again and again is no success.
        if (_node.Time.GetElapsedTime(since) > _node.Options.MaxReconnectDelay) _backoff.Reset();
    }

    // What was subscribed to between the declaration and this moment found no connection: hence once more.
    private async Task EnterAsync(BrokerSession session)
    {
        _session = session;
        try
        {
            await session.LevelAsync().WaitAsync(_node.Options.Timeout, _node.Time).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            session.Fail(Describe(exception));
            return;
        }

        if (_isLost) Notify(static receiver => receiver.ConnectionRegained());
        _isLost = false;
        _tried.TrySetResult();
    }

    private void Leave()
    {
        _session = null;
        if (!_isLost) Notify(static receiver => receiver.ConnectionLost());
        _isLost = true;
    }

    private void Notify(Action<IBrokerReceiver> what)
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
