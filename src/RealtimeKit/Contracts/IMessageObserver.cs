using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// Called for changes after they are durable: push notifications for users who are away, webhooks, audit. Nothing waits
/// for it.
/// </summary>
/// <remarks>
/// At most once: a node calls its observers for the changes that it committed itself, in their order, one change after another for the
/// whole node. So hand over to a queue and return. Changes that wait when the node ends, and the oldest beyond 10,000 waiting ones, are
/// not delivered. The log of the channel has everything.
/// </remarks>
public interface IMessageObserver
{
    /// <summary>Takes note of a change. What it throws is logged and the next change follows.</summary>
    /// <param name="change">What was appended.</param>
    /// <param name="message">The message as it is after the change.</param>
    /// <param name="cancellationToken">Cancelled when the node stops.</param>
    ValueTask ObserveAsync(MessageChange change, Message message, CancellationToken cancellationToken);
}
