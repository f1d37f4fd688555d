using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// Looks at a message of a client before it is stored, and may change or refuse it: word filters, link previews, quotas.
/// A retry of a message passes again, so what it does must bear repetition.
/// </summary>
public interface IMessageInterceptor
{
    /// <summary>Decides on a message.</summary>
    /// <returns>
    /// The content to store: the given one, or another. It is held to the limits of a client's message; one that is over them is
    /// not stored, and its sender gets <c>internal</c>.
    /// </returns>
    /// <exception cref="MessageRefusedException">The message is refused; the sender gets <c>forbidden</c> with the exception's text.</exception>
    ValueTask<MessageContent> InterceptAsync(string channel, string sender, MessageContent content, CancellationToken cancellationToken);
}

/// <summary>Thrown by an interceptor to refuse a message.</summary>
/// <param name="message">Why, for the developer of the client; the sender's client gets it.</param>
public sealed class MessageRefusedException(string message) : Exception(message);
