using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

public sealed partial class RealtimeChannel
{
    /// <summary>
    /// Queues a message, before the call returns, and ends when the server has stored it durably. Until then it is sent
    /// again after every loss of the connection and whenever the server cannot store it now, under the same id, so that it
    /// is stored once. Messages to one channel are stored in the order of the calls.
    /// </summary>
    /// <param name="message">What to send; a plain text will do.</param>
    /// <param name="cancellationToken">
    /// Takes the message back if it was not handed to a connection yet. Otherwise it ends the waiting only: the message
    /// goes on being sent.
    /// </param>
    /// <exception cref="RealtimeException">
    /// The server refused this message (later ones are sent all the same), it is too large, the client is closed, or
    /// <see cref="RealtimeClientOptions.QueueLimit"/> messages wait already (<see cref="ClientErrorCodes.QueueFull"/>, at once).
    /// </exception>
    /// <exception cref="ArgumentException">The text has an unpaired surrogate or U+0000, or no user can have a mentioned name.</exception>
    public Task<SentMessage> SendAsync(OutgoingMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return _outbox.SendAsync(Id, message, cancellationToken);
    }

    /// <summary>
    /// Edits an own message. It is not repeated by itself: after <see cref="ClientErrorCodes.ConnectionLost"/> it may or may
    /// not have taken effect.
    /// </summary>
    /// <param name="sequence">The message.</param>
    /// <param name="edit">What to replace and remove; a plain text replaces the text.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The message's version.</returns>
    /// <exception cref="RealtimeException">
    /// The server refused (<c>conflict</c> where the message is deleted), or the connection was lost before the reply.
    /// </exception>
    public async Task<long> EditAsync(long sequence, MessageEdit edit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(edit);
        var content = edit.ToContent();
        var reply = await _requests.SendAsync<OkFrame>(
            (output, id) => ClientMessageRequests.Edit(output, id, Id, sequence, content, edit.Removed()), repeat: false, cancellationToken)
            .ConfigureAwait(false);
        return reply.Version ?? 0;
    }

    /// <summary>Deletes a message; its place stays. Repeated by itself until answered: a second deletion changes nothing.</summary>
    /// <returns>The message's version.</returns>
    /// <exception cref="RealtimeException">The server refused, or the client is closed.</exception>
    public async Task<long> DeleteAsync(long sequence, CancellationToken cancellationToken = default) =>
        (await RequestAsync("delete"u8.ToArray(), sequence, cancellationToken).ConfigureAwait(false)).Version ?? 0;

    /// <summary>
    /// Pins a message, so that <see cref="HistoryOptions.Pinned"/> finds it. For moderators and owners; in a direct channel for both users. Not
    /// repeated by itself.
    /// </summary>
    /// <returns>The message's version.</returns>
    /// <exception cref="RealtimeException">
    /// The server refused (<c>conflict</c> where the message is deleted, <c>too_many</c> where 100 are pinned), or the connection was lost
    /// before the reply.
    /// </exception>
    public Task<long> PinAsync(long sequence, CancellationToken cancellationToken = default) => PinAsync("pin"u8.ToArray(), sequence, cancellationToken);

    /// <summary>Ends the pinning of a message. Not repeated by itself.</summary>
    /// <returns>The message's version.</returns>
    /// <exception cref="RealtimeException">
    /// The server refused (<c>conflict</c> where the message is deleted), or the connection was lost before the reply.
    /// </exception>
    public Task<long> UnpinAsync(long sequence, CancellationToken cancellationToken = default) => PinAsync("unpin"u8.ToArray(), sequence, cancellationToken);

    /// <summary>Gives a reaction to a message, or takes it back. Not repeated by itself.</summary>
    /// <param name="sequence">The message.</param>
    /// <param name="reaction">An emoji or a short name, at most 64 UTF-16 code units.</param>
    /// <param name="remove">Whether to take it back.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The message's version.</returns>
    /// <exception cref="RealtimeException">
    /// The server refused (<c>conflict</c> where the message is deleted), or the connection was lost before the reply.
    /// </exception>
    public async Task<long> ReactAsync(long sequence, string reaction, bool remove = false, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(reaction);
        TextRules.Require(reaction);
        var reply = await _requests.SendAsync<OkFrame>(
            (output, id) => ClientMessageRequests.React(output, id, Id, sequence, reaction, remove), repeat: false, cancellationToken)
            .ConfigureAwait(false);
        return reply.Version ?? 0;
    }

    /// <summary>The reactions to a message, and which of them the user gave.</summary>
    /// <exception cref="RealtimeException">The server refused, or the client is closed.</exception>
    public async Task<MessageReactions> ReactionsAsync(long sequence, CancellationToken cancellationToken = default)
    {
        var reply = await _requests.SendAsync<ReactionsFrame>(
            (output, id) => ClientMessageRequests.OfMessage(output, "reactions"u8, id, Id, sequence), repeat: true, cancellationToken)
            .ConfigureAwait(false);
        return new MessageReactions(reply.Reactions, reply.Own);
    }

    /// <summary>Reads a page of history.</summary>
    /// <param name="options">Which part. Default: the newest 50 messages.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeException">The server refused, or the client is closed.</exception>
    public async Task<HistoryPage> HistoryAsync(HistoryOptions? options = null, CancellationToken cancellationToken = default)
    {
        var range = options ?? new HistoryOptions();
        var reply = await _requests.SendAsync<HistoryFrame>(
            (output, id) => ClientMessageRequests.History(output, id, Id, range.Before, range.After, range.Thread, range.Limit, range.Pinned),
            repeat: true, cancellationToken).ConfigureAwait(false);
        return new HistoryPage(reply.Messages, reply.More);
    }

    /// <summary>
    /// Marks everything up to a message as read. The mark moves forward only. Repeated by itself until answered.
    /// </summary>
    /// <exception cref="RealtimeException">The server refused, or the client is closed.</exception>
    public Task MarkReadAsync(long sequence, CancellationToken cancellationToken = default) =>
        RequestAsync("read"u8.ToArray(), sequence, cancellationToken);

    private Task<OkFrame> RequestAsync(byte[] type, long sequence, CancellationToken cancellationToken) =>
        _requests.SendAsync<OkFrame>(
            (output, id) => ClientMessageRequests.OfMessage(output, type, id, Id, sequence), repeat: true, cancellationToken);

    // A repetition could undo another user's change.
    private async Task<long> PinAsync(byte[] type, long sequence, CancellationToken cancellationToken) =>
        (await _requests.SendAsync<OkFrame>(
            (output, id) => ClientMessageRequests.OfMessage(output, type, id, Id, sequence), repeat: false, cancellationToken).ConfigureAwait(false)).Version ?? 0;
}
