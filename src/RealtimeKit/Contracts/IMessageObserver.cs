using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// Called for changes after they are durable: push notifications for users who are away, webhooks, audit. Nothing waits for it.
/// </summary>
/// <remarks>
/// At most once: a node calls its observers for the changes that it committed itself, in their order, one change after another. Each observer
/// has a queue of its own for 10,000 changes, so that a slow one does not hold up the others. Beyond that its oldest are dropped, counted in
/// <c>realtimekit.observer.drops</c> and logged; what waits when the node ends is lost. So hand what takes long, such as a call over the
/// network, to a queue and workers of your own, and return. The log of the channel has everything.
/// </remarks>
public interface IMessageObserver
{
    /// <summary>Takes note of a change and returns soon: the next one waits for it. What it throws is logged, and the next change follows.</summary>
    /// <param name="change">What was appended.</param>
    /// <param name="message">The message as it is after the change.</param>
    /// <param name="cancellationToken">Cancelled when the node stops.</param>
    ValueTask ObserveAsync(MessageChange change, Message message, CancellationToken cancellationToken);
}
