using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit;

/// <summary>
/// Messages, from the application's own code, which is trusted: no method asks the authorizer.
/// Safe for concurrent use. Every call may throw <see cref="StoreUnavailableException"/>; then it may be tried again.
/// </summary>
public interface IRealtimeMessages
{
    /// <summary>Stores a message and sends it to the channel's subscribers. Completes when it is durable.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="message">The message.</param>
    /// <param name="sender">The user who sends it, or <see langword="null"/> for the application itself.</param>
    /// <param name="cancellationToken">Ends the wait; the message may still be stored.</param>
    /// <returns>Where it stands; for a message of the same id that was stored before, that one's place.</returns>
    /// <exception cref="ArgumentException">The message is empty or over a limit.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="MessageNotFoundException">There is no such message to reply to.</exception>
    /// <exception cref="MessageIdConflictException">The channel has another message under the id.</exception>
    Task<SentMessage> SendAsync(
        string channel, OutgoingMessage message, string? sender = null, CancellationToken cancellationToken = default);

    /// <summary>Reads history in ascending sequence.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="before">Only sequences below this one.</param>
    /// <param name="after">Only sequences above this one; then the oldest of the range come first, otherwise the newest.</param>
    /// <param name="limit">The most messages, 1 to 200.</param>
    /// <param name="pinned">Only pinned messages.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<MessagePage> ReadHistoryAsync(
        string channel, long? before = null, long? after = null, int limit = ProtocolConstants.DefaultPageSize,
        bool pinned = false, CancellationToken cancellationToken = default);

    /// <summary>Pins a message. Readers receive it. Completes when it is durable.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="sequence">The message.</param>
    /// <param name="by">The user who pins it, of whom an action is kept, or <see langword="null"/> for the application itself.</param>
    /// <param name="cancellationToken">Ends the wait; the message may still be pinned.</param>
    /// <returns>Whether it was not pinned already.</returns>
    /// <exception cref="ArgumentException">A name is not valid.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="MessageNotFoundException">There is no such message.</exception>
    /// <exception cref="MessageDeletedException">The message was deleted.</exception>
    /// <exception cref="TooManyPinsException">As many messages of the channel are pinned as may be.</exception>
    Task<bool> PinAsync(string channel, long sequence, string? by = null, CancellationToken cancellationToken = default);

    /// <summary>Ends the pinning of a message. Readers receive it. Completes when it is durable.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="sequence">The message.</param>
    /// <param name="by">The user who unpins it, of whom an action is kept, or <see langword="null"/> for the application itself.</param>
    /// <param name="cancellationToken">Ends the wait; the message may still be unpinned.</param>
    /// <returns>Whether it was pinned.</returns>
    /// <exception cref="ArgumentException">A name is not valid.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="MessageNotFoundException">There is no such message.</exception>
    /// <exception cref="MessageDeletedException">The message was deleted.</exception>
    Task<bool> UnpinAsync(string channel, long sequence, string? by = null, CancellationToken cancellationToken = default);
}
