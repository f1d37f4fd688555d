using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// Looks at what a client sends before others see it, and may change or refuse it: word filters, link previews, quotas. It is
/// asked about posts, edits, reactions and signals, and about nothing that the application sends itself.
/// </summary>
/// <remarks>
/// A retry of a message passes again, and so may an edit that another one overtook: what it does must bear repetition. It is not
/// asked about a reaction that is taken back, nor about the signal <c>typing</c> without data.
/// </remarks>
public interface IMessageInterceptor
{
    /// <summary>Decides on what a client sends.</summary>
    /// <param name="request">Who sends what, and where.</param>
    /// <param name="cancellationToken">Ends the wait when the connection ends.</param>
    /// <returns>
    /// The content to use: the given one, or another. It is held to the limits of a client's content of that kind; where it is
    /// over them nothing is stored or sent, and the sender gets <c>internal</c>.
    /// </returns>
    /// <exception cref="MessageRefusedException">The content is refused; the sender gets <c>forbidden</c> with the exception's text.</exception>
    ValueTask<MessageContent> InterceptAsync(InterceptRequest request, CancellationToken cancellationToken);
}

/// <summary>What a client sends that others will see.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Channel">The channel.</param>
/// <param name="User">The user who sends it; for an edit that may be another than the message's sender.</param>
/// <param name="Content">
/// What others will see: the message of a post; the whole message after an edit; a reaction as the text; a signal's data as the data.
/// </param>
/// <param name="Sequence">For an edit or a reaction the message, else <see langword="null"/>.</param>
/// <param name="Signal">For a signal its name, else <see langword="null"/>.</param>
public readonly record struct InterceptRequest(
    ContentKind Kind, string Channel, string User, MessageContent Content, long? Sequence = null, string? Signal = null);

/// <summary>What a client sends that others will see.</summary>
public enum ContentKind
{
    /// <summary>A new message.</summary>
    Post,

    /// <summary>A message after an edit.</summary>
    Edit,

    /// <summary>A reaction to a message.</summary>
    Reaction,

    /// <summary>A signal.</summary>
    Signal,
}

/// <summary>Thrown by an interceptor to refuse what a client sends.</summary>
/// <param name="message">Why, for the developer of the client; the sender's client gets it.</param>
public sealed class MessageRefusedException(string message) : Exception(message);
