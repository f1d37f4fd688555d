using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RealtimeKit.Diagnostics;
using RealtimeKit.Protocol;

namespace RealtimeKit.Messages;

/// <summary>What one observer was not called with yet. Where it falls too far behind, the oldest are dropped and counted. Safe for concurrent use.</summary>
internal sealed partial class ObserverQueue
{
    private const int Backlog = 10_000;

    private readonly IMessageObserver _observer;
    private readonly RealtimeMetrics _metrics;
    private readonly LogThrottle _throttle;
    private readonly ILogger _logger;
    private readonly Channel<(MessageChange Change, Message Message)> _waiting;

    public ObserverQueue(IMessageObserver observer, RealtimeMetrics metrics, TimeProvider time, ILogger logger)
    {
        (_observer, _metrics, _throttle, _logger) = (observer, metrics, new LogThrottle(time), logger);
        _waiting = Channel.CreateBounded<(MessageChange Change, Message Message)>(
            new BoundedChannelOptions(Backlog) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true }, _ => NoteDropped());
    }

    /// <summary>The observer's type.</summary>
    public string Name => _observer.GetType().Name;

    /// <summary>How many changes wait for it.</summary>
    public int Count => _waiting.Reader.Count;

    public void Add(MessageChange change, Message message) => _waiting.Writer.TryWrite((change, message));

    /// <summary>Calls the observer with one change after another until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var (change, message) in _waiting.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                await CallAsync(change, message, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async ValueTask CallAsync(MessageChange change, Message message, CancellationToken cancellationToken)
    {
        try
        {
            await _observer.ObserveAsync(change, message, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            ObserverFailed(exception, Name, message.Channel, message.Sequence);
        }
    }

    private void NoteDropped()
    {
        _metrics.ObserverDropped(Name);
        if (_throttle.Add() is var dropped and > 0) ObserverChangesDropped(Name, dropped);
    }

    [LoggerMessage(30, LogLevel.Warning, "Observer {Observer} is too slow: {Dropped} changes were dropped since this was last logged. Hand changes over to a queue of your own and return.")]
    private partial void ObserverChangesDropped(string observer, int dropped);

    [LoggerMessage(31, LogLevel.Error, "Observer {Observer} failed on message {Sequence} in channel {Channel}.")]
    private partial void ObserverFailed(Exception exception, string observer, string channel, long sequence);
}
