using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// Is told of changes after they are durable: push notifications for users who are away, webhooks, audit. Nothing waits
/// for it.
/// </summary>
/// <remarks>
/// At most once: a node tells what it committed itself, in that order and one at a time; what it has not told when it crashes, or when
/// its observers fall 10,000 changes behind, is not told. The log of the channel has everything.
/// </remarks>
public interface IMessageObserver
{
    /// <summary>Takes note of a change. What it throws is logged and the next change follows.</summary>
    /// <param name="change">What was appended.</param>
    /// <param name="message">The message as it is after the change.</param>
    /// <param name="cancellationToken">Cancelled when the node stops.</param>
    ValueTask ObserveAsync(MessageChange change, Message message, CancellationToken cancellationToken);
}
