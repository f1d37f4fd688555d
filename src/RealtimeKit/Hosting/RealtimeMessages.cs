using RealtimeKit.Delivery;
using RealtimeKit.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Hosting;

/// <summary>Messages, for the application's own code.</summary>
internal sealed class RealtimeMessages(Lazy<RealtimeMessages.Parts> parts) : IRealtimeMessages
{
    internal sealed record Parts(IMessageStore Store, AppendQueue Appends, Admission Admission, NodeClock Clock, RealtimeOptions Options);

    public async Task<SentMessage> SendAsync(string channel, OutgoingMessage message, string? sender, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        ArgumentNullException.ThrowIfNull(message);
        if (sender is not null) UserNames.Require(sender, nameof(sender));
        var draft = OutgoingMessages.Check(message);
        var user = sender ?? parts.Value.Options.SystemUser;
        await parts.Value.Admission.WaitAsync(user, cancellationToken).ConfigureAwait(false);
        var post = new PostChange(channel, parts.Value.Clock.Timestamp, draft.Id, user, draft.Content, draft.ReplyTo, draft.Digest);
        var result = await parts.Value.Appends.AppendAsync(user, post, cancellationToken).ConfigureAwait(false);
        return result.Outcome switch
        {
            AppendOutcome.Appended or AppendOutcome.Duplicate => new SentMessage(
                result.Message!.Id, result.Message.Sequence, result.Message.Version, result.Message.Time,
                result.Outcome == AppendOutcome.Duplicate),
            AppendOutcome.NoMessage => throw new MessageNotFoundException(channel, message.ReplyTo ?? 0),
            AppendOutcome.Conflict => throw new MessageIdConflictException(channel, draft.Id),
            _ => throw new ChannelNotFoundException(channel),
        };
    }

    public async Task<MessagePage> ReadHistoryAsync(
        string channel, long? before, long? after, int limit, bool pinned, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, ProtocolConstants.MaxPageSize);
        var query = new HistoryQuery(channel, new PageLimit(limit, int.MaxValue), before, after, Pinned: pinned);
        return await parts.Value.Store.ReadHistoryAsync(query, cancellationToken).ConfigureAwait(false) ?? throw new ChannelNotFoundException(channel);
    }

    public Task<bool> PinAsync(string channel, long sequence, string? by, CancellationToken cancellationToken) =>
        PinAsync(channel, sequence, by, remove: false, cancellationToken);

    public Task<bool> UnpinAsync(string channel, long sequence, string? by, CancellationToken cancellationToken) =>
        PinAsync(channel, sequence, by, remove: true, cancellationToken);

    private async Task<bool> PinAsync(string channel, long sequence, string? by, bool remove, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        if (by is not null) UserNames.Require(by, nameof(by));
        var user = by ?? parts.Value.Options.SystemUser;
        await parts.Value.Admission.WaitAsync(user, cancellationToken).ConfigureAwait(false);
        var pin = new PinChange(channel, parts.Value.Clock.Timestamp, sequence, user, remove) { IsOfApplication = by is null };
        var result = await parts.Value.Appends.AppendAsync(user, pin, cancellationToken).ConfigureAwait(false);
        return result.Outcome switch
        {
            AppendOutcome.Appended => true,
            AppendOutcome.Unchanged => false,
            AppendOutcome.NoMessage => throw new MessageNotFoundException(channel, sequence),
            AppendOutcome.Conflict => throw new MessageDeletedException(channel, sequence),
            AppendOutcome.TooManyPins => throw new TooManyPinsException(channel),
            _ => throw new ChannelNotFoundException(channel),
        };
    }
}
