using Microsoft.Extensions.Logging;
using RealtimeKit.Diagnostics;
using RealtimeKit.Protocol;

namespace RealtimeKit.Messages;

/// <summary>Calls the observers in the background, so that no commit waits for them: each has a queue and a loop of its own.</summary>
internal sealed class MessageObservers(IEnumerable<IMessageObserver> observers, RealtimeMetrics metrics, TimeProvider time, ILogger<MessageObservers> logger)
{
    public IReadOnlyList<ObserverQueue> Queues { get; } = [.. observers.Select(observer => new ObserverQueue(observer, metrics, time, logger))];

    public void Note(MessageChange change, Message message)
    {
        foreach (var queue in Queues) queue.Add(change, message);
    }
}
