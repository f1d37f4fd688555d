using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit;

/// <summary>
/// Messages, from the application's own code, which is trusted: no method asks the authorizer or the interceptors, also where it names the user
/// who acts, and no message is anybody's alone to change. Safe for concurrent use. Every call may throw
/// <see cref="StoreUnavailableException"/>; then it may be tried again.
/// </summary>
public interface IRealtimeMessages
{
    /// <summary>Stores a message and sends it to the channel's subscribers. Completes when it is durable.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="message">The message.</param>
    /// <param name="sender">The user who sends it, or <see langword="null"/> for the application itself. Whether that user may is not asked.</param>
    /// <param name="cancellationToken">Ends the wait; the message may still be stored.</param>
    /// <returns>Where it stands; for a message of the same id that was stored before, that one's place.</returns>
    /// <exception cref="ArgumentException">The message is empty or over a limit.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="MessageNotFoundException">There is no such message to reply to.</exception>
    /// <exception cref="MessageFileException">A file that the attachments name is not one that this message may take.</exception>
    /// <exception cref="MessageIdConflictException">The channel has another message under the id.</exception>
    Task<SentMessage> SendAsync(
        string channel, OutgoingMessage message, string? sender = null, CancellationToken cancellationToken = default);

    /// <summary>Changes what a message says, whoever sent it, and sends it to the channel's subscribers. Completes when it is durable.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="sequence">The message's sequence.</param>
    /// <param name="edit">What to change. An edit that changes nothing takes no version.</param>
    /// <param name="cancellationToken">Ends the wait; the message may still be changed.</param>
    /// <returns>The message as it now is. It has the time of the edit; who edited is not kept.</returns>
    /// <exception cref="ArgumentException">The edit is over a limit, or leaves nothing of the message.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="MessageNotFoundException">There is no such message.</exception>
    /// <exception cref="MessageDeletedException">The message was deleted.</exception>
    Task<Message> EditAsync(string channel, long sequence, MessageEdit edit, CancellationToken cancellationToken = default);

    /// <summary>Deletes a message, whoever sent it: it keeps its place and loses its content and reactions. Completes when that is durable.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="sequence">The message's sequence.</param>
    /// <param name="by">
    /// The user who does it: of another user's message the channel's list of actions then has an entry. <see langword="null"/> for the application
    /// itself. Whether that user may is not asked.
    /// </param>
    /// <param name="cancellationToken">Ends the wait; the message may still be deleted.</param>
    /// <returns>The message as it now is; one that was deleted before is as it was.</returns>
    /// <exception cref="ArgumentException">A name is not valid.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="MessageNotFoundException">There is no such message.</exception>
    Task<Message> DeleteAsync(string channel, long sequence, string? by = null, CancellationToken cancellationToken = default);

    /// <summary>Gives a reaction to a message, or takes it back. Completes when that is durable.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="sequence">The message's sequence.</param>
    /// <param name="reaction">The reaction: 1 to 64 UTF-16 code units.</param>
    /// <param name="user">Whose reaction it is, or <see langword="null"/> for the application itself. Whether that user may is not asked.</param>
    /// <param name="remove">Whether it is taken back. What is so already is no error.</param>
    /// <param name="cancellationToken">Ends the wait; it may still be done.</param>
    /// <returns>The message as it now is, with its reactions.</returns>
    /// <exception cref="ArgumentException">The reaction or a name is not of that form.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="MessageNotFoundException">There is no such message.</exception>
    /// <exception cref="MessageDeletedException">The message was deleted.</exception>
    /// <exception cref="TooManyReactionsException">The message has as many different reactions as it may have.</exception>
    Task<Message> ReactAsync(
        string channel, long sequence, string reaction, string? user = null, bool remove = false, CancellationToken cancellationToken = default);

    /// <summary>The reactions to a message: how often each was given, by whom first, and which of them a user gave.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="sequence">The message's sequence.</param>
    /// <param name="user">The user whose own reactions to find, or <see langword="null"/> for the application itself.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">A name is not valid.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="MessageNotFoundException">There is no such message.</exception>
    Task<MessageReactions> GetReactionsAsync(
        string channel, long sequence, string? user = null, CancellationToken cancellationToken = default);

    /// <summary>One message as it now is, or <see langword="null"/> where the channel has none of that sequence.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="sequence">The message's sequence.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<Message?> GetAsync(string channel, long sequence, CancellationToken cancellationToken = default);

    /// <summary>Reads history in ascending sequence.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="before">Only sequences below this one.</param>
    /// <param name="after">Only sequences above this one; then the oldest of the range come first, otherwise the newest.</param>
    /// <param name="limit">The most messages, 1 to 200.</param>
    /// <param name="pinned">Only pinned messages.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">An argument is not of that form.</exception>
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

    /// <summary>Reads a thread in ascending sequence, its root included.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="sequence">Any message of the thread.</param>
    /// <param name="before">Only sequences below this one.</param>
    /// <param name="after">Only sequences above this one; then the oldest of the range come first, otherwise the newest.</param>
    /// <param name="limit">The most messages, 1 to 200.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">An argument is not of that form.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="MessageNotFoundException">There is no such message.</exception>
    Task<MessagePage> ReadThreadAsync(
        string channel, long sequence, long? before = null, long? after = null, int limit = ProtocolConstants.DefaultPageSize,
        CancellationToken cancellationToken = default);

    /// <summary>
    /// Reads what changed since a position: each message that is new or was changed since, once and as it now is, in the order of the latest
    /// changes. So a copy of a channel can be kept elsewhere: nothing is left out, whatever happened between two calls.
    /// </summary>
    /// <param name="channel">The channel.</param>
    /// <param name="after">The <see cref="ChangePage.Position"/> of the page before; <see langword="null"/> to begin with the first message.</param>
    /// <param name="limit">The most messages, 1 to 200.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">An argument is not of that form.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="ChannelPositionException">
    /// The channel was made again under its name, or restored from a backup: drop what was read and begin anew.
    /// </exception>
    Task<ChangePage> ReadChangesAsync(
        string channel, ChannelPosition? after = null, int limit = ProtocolConstants.DefaultPageSize, CancellationToken cancellationToken = default);

    /// <summary>
    /// Finds messages by their text, the latest first: as the application in all channels, or as a user in those that the user may read. Words are
    /// joined by AND, each finds words that begin with it; <c>"a phrase"</c> in quotation marks finds itself; case and diacritics do not count.
    /// </summary>
    /// <param name="query">What to find, at most 200 UTF-16 code units.</param>
    /// <param name="options">Where, and which page. Default: the first page.</param>
    /// <param name="user">The user as whom to search, whose rights the authorizer is asked for; <see langword="null"/> for the application itself.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The query has nothing that can be searched, or is too long; or an option is not valid.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel, or the user may not read it.</exception>
    /// <exception cref="NotSupportedException">The store cannot search, or <see cref="RealtimeOptions.Search"/> is false.</exception>
    Task<SearchResults> SearchAsync(
        string query, SearchOptions? options = null, string? user = null, CancellationToken cancellationToken = default);
}
