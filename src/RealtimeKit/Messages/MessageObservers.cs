using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>Calls the observers in the background, one change after another, so that no commit waits for them.</summary>
internal sealed partial class MessageObservers
{
    private const int Backlog = 10_000;

    private readonly IReadOnlyList<IMessageObserver> _observers;
    private readonly ILogger _logger;
    private readonly Channel<(MessageChange Change, Message Message)> _notices;

    public MessageObservers(IEnumerable<IMessageObserver> observers, ILogger<MessageObservers> logger)
    {
        _observers = [.. observers];
        _logger = logger;
        _notices = Channel.CreateBounded<(MessageChange Change, Message Message)>(
            new BoundedChannelOptions(Backlog) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            dropped => ObserverChangeDropped(dropped.Message.Channel, dropped.Message.Sequence));
    }

    /// <summary>How many changes wait for the observers.</summary>
    public int Waiting => _notices.Reader.Count;

    public void Note(MessageChange change, Message message)
    {
        if (_observers.Count > 0) _notices.Writer.TryWrite((change, message));
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var (change, message) in _notices.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                foreach (var observer in _observers) await ObserveAsync(observer, change, message, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async ValueTask ObserveAsync(IMessageObserver observer, MessageChange change, Message message, CancellationToken cancellationToken)
    {
        try
        {
            await observer.ObserveAsync(change, message, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            ObserverFailed(exception, observer.GetType(), message.Channel, message.Sequence);
        }
    }

    [LoggerMessage(30, LogLevel.Warning, "Observers are too slow: a change of message {Sequence} in channel {Channel} was dropped.")]
    private partial void ObserverChangeDropped(string channel, long sequence);

    [LoggerMessage(31, LogLevel.Error, "Observer {Observer} failed on message {Sequence} in channel {Channel}.")]
    private partial void ObserverFailed(Exception exception, Type observer, string channel, long sequence);
}
