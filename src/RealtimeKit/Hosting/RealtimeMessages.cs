using RealtimeKit.Delivery;
using RealtimeKit.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Requests;
using RealtimeKit.Stores;

namespace RealtimeKit.Hosting;

/// <summary>Messages, for the application's own code.</summary>
internal sealed class RealtimeMessages(Lazy<RealtimeMessages.Parts> parts) : IRealtimeMessages
{
    internal sealed record Parts(
        IMessageStore Store, IChannelStore Channels, AppendQueue Appends, AttachedFiles Attached, MessageFinder? Finder, Admission Admission, NodeClock Clock, RealtimeOptions Options);

    public async Task<SentMessage> SendAsync(string channel, OutgoingMessage message, string? sender, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        ArgumentNullException.ThrowIfNull(message);
        if (sender is not null) UserNames.Require(sender, nameof(sender));
        var draft = OutgoingMessages.Check(message);
        var user = sender ?? parts.Value.Options.SystemUser;
        var files = parts.Value.Attached.Require(draft.Content.Attachments);
        var filled = await parts.Value.Attached.FillAsync(channel, draft.Content.Attachments, files, cancellationToken).ConfigureAwait(false);
        var content = draft.Content with { Attachments = filled };
        if (files.Count > 0) OutgoingMessages.Check(content);
        var result = await AppendAsync(
            user, now => new PostChange(channel, now, draft.Id, user, content, draft.ReplyTo, draft.Digest) { Files = files }, cancellationToken).ConfigureAwait(false);
        return result.Outcome switch
        {
            AppendOutcome.Appended or AppendOutcome.Duplicate => new SentMessage(
                result.Message!.Id, result.Message.Sequence, result.Message.Version, result.Message.Time,
                result.Outcome == AppendOutcome.Duplicate),
            AppendOutcome.NoMessage => throw new MessageNotFoundException(channel, message.ReplyTo ?? 0),
            AppendOutcome.NoFile => throw new MessageFileException(channel),
            AppendOutcome.Conflict => throw new MessageIdConflictException(channel, draft.Id),
            _ => throw new ChannelNotFoundException(channel),
        };
    }

    public async Task<Message> EditAsync(string channel, long sequence, MessageEdit edit, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        ArgumentNullException.ThrowIfNull(edit);
        var change = new EditChange(channel, parts.Value.Clock.Timestamp, sequence, OutgoingMessages.Check(edit));
        change = await parts.Value.Attached.FillAsync(change, cancellationToken).ConfigureAwait(false);
        return await ChangeAsync(channel, sequence, null, now => change with { Time = now }, cancellationToken).ConfigureAwait(false);
    }

    public Task<Message> DeleteAsync(string channel, long sequence, string? by, CancellationToken cancellationToken) =>
        ChangeAsync(channel, sequence, by, now => new DeleteChange(channel, now, sequence) { By = by }, cancellationToken);

    public Task<Message> ReactAsync(
        string channel, long sequence, string reaction, string? user, bool remove, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(reaction);
        TextRules.Require(reaction);
        if (reaction.Length > ProtocolConstants.MaxNameLength)
            throw new ArgumentException($"A reaction may have at most {ProtocolConstants.MaxNameLength} UTF-16 code units.", nameof(reaction));
        return ChangeAsync(
            channel, sequence, user,
            now => new ReactChange(channel, now, sequence, user ?? parts.Value.Options.SystemUser, reaction, remove), cancellationToken);
    }

    public Task<bool> PinAsync(string channel, long sequence, string? by, CancellationToken cancellationToken) =>
        PinAsync(channel, sequence, by, remove: false, cancellationToken);

    public Task<bool> UnpinAsync(string channel, long sequence, string? by, CancellationToken cancellationToken) =>
        PinAsync(channel, sequence, by, remove: true, cancellationToken);

    private async Task<bool> PinAsync(string channel, long sequence, string? by, bool remove, CancellationToken cancellationToken)
    {
        var user = by ?? parts.Value.Options.SystemUser;
        var result = await ApplyAsync(
            channel, sequence, by, now => new PinChange(channel, now, sequence, user, remove) { IsOfApplication = by is null }, cancellationToken).ConfigureAwait(false);
        return result.Outcome == AppendOutcome.Appended;
    }

    public async Task<MessageReactions> GetReactionsAsync(string channel, long sequence, string? user, CancellationToken cancellationToken)
    {
        if (user is not null) UserNames.Require(user, nameof(user));
        var message = await RequireAsync(channel, sequence, cancellationToken).ConfigureAwait(false);
        var own = await parts.Value.Channels.ListOwnReactionsAsync(
            channel, sequence, user ?? parts.Value.Options.SystemUser, cancellationToken).ConfigureAwait(false);
        return new MessageReactions(message.Reactions, own);
    }

    public async Task<Message?> GetAsync(string channel, long sequence, CancellationToken cancellationToken)
    {
        // A page of one message, right after the one before it.
        var page = await ReadAsync(new HistoryQuery(channel, Limit(1), After: sequence - 1), cancellationToken).ConfigureAwait(false);
        return page.Messages is [var message] && message.Sequence == sequence ? message : null;
    }

    public Task<MessagePage> ReadHistoryAsync(
        string channel, long? before, long? after, int limit, bool pinned, CancellationToken cancellationToken) =>
        ReadAsync(new HistoryQuery(channel, Limit(limit), before, after, Pinned: pinned), cancellationToken);

    public async Task<MessagePage> ReadThreadAsync(
        string channel, long sequence, long? before, long? after, int limit, CancellationToken cancellationToken)
    {
        var page = Limit(limit);
        var member = await RequireAsync(channel, sequence, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(new HistoryQuery(channel, page, before, after, member.Thread ?? sequence), cancellationToken).ConfigureAwait(false);
    }

    public async Task<ChangePage> ReadChangesAsync(string channel, ChannelPosition? after, int limit, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        ArgumentOutOfRangeException.ThrowIfNegative(after?.Version ?? 0, nameof(after));
        var page = await parts.Value.Store.ReadChangesAsync(channel, after?.Version ?? 0, Limit(limit), cancellationToken).ConfigureAwait(false)
            ?? throw new ChannelNotFoundException(channel);
        if (after is { } known && (known.Epoch != page.Head.Epoch || known.Version > page.Head.Version)) throw new ChannelPositionException(channel);
        return new ChangePage(page.Messages, page.More ? page.Head.Position with { Version = page.Messages[^1].Version } : page.Head.Position, page.More);
    }

    private static PageLimit Limit(int messages)
    {
        HostChecks.RequirePageSize(messages);
        return new PageLimit(messages, int.MaxValue);
    }

    private async Task<MessagePage> ReadAsync(HistoryQuery query, CancellationToken cancellationToken)
    {
        Identifiers.Require(query.Channel, "channel");
        return await parts.Value.Store.ReadHistoryAsync(query, cancellationToken).ConfigureAwait(false)
            ?? throw new ChannelNotFoundException(query.Channel);
    }

    private async Task<Message> RequireAsync(string channel, long sequence, CancellationToken cancellationToken) =>
        await GetAsync(channel, sequence, cancellationToken).ConfigureAwait(false) ?? throw new MessageNotFoundException(channel, sequence);

    private async Task<Message> ChangeAsync(
        string channel, long sequence, string? user, Func<DateTimeOffset, MessageChange> toChange, CancellationToken cancellationToken) =>
        (await ApplyAsync(channel, sequence, user, toChange, cancellationToken).ConfigureAwait(false)).Message!;

    private async Task<AppendResult> ApplyAsync(
        string channel, long sequence, string? user, Func<DateTimeOffset, MessageChange> toChange, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        if (user is not null) UserNames.Require(user, nameof(user));
        var result = await AppendAsync(user ?? parts.Value.Options.SystemUser, toChange, cancellationToken).ConfigureAwait(false);
        return result.Outcome switch
        {
            AppendOutcome.Appended or AppendOutcome.Unchanged => result,
            AppendOutcome.NoMessage => throw new MessageNotFoundException(channel, sequence),
            AppendOutcome.Conflict => throw new MessageDeletedException(channel, sequence),
            AppendOutcome.TooManyReactions => throw new TooManyReactionsException(channel, sequence, ChangeRules.MaxReactionsPerMessage),
            AppendOutcome.NoFile => throw new MessageFileException(channel),
            AppendOutcome.TooManyPins => throw new TooManyPinsException(channel),
            AppendOutcome.NothingLeft => throw new ArgumentException("The edit would leave nothing: delete the message instead."),
            AppendOutcome.TooLarge => throw new ArgumentException(
                $"After the edit text, data and attachments would have more than {ProtocolConstants.MaxFrameBytes} bytes together."),
            _ => throw new ChannelNotFoundException(channel),
        };
    }

    private async Task<AppendResult> AppendAsync(string user, Func<DateTimeOffset, MessageChange> toChange, CancellationToken cancellationToken)
    {
        await parts.Value.Admission.WaitAsync(user, cancellationToken).ConfigureAwait(false);
        return await parts.Value.Appends.AppendAsync(user, toChange(parts.Value.Clock.Timestamp), cancellationToken).ConfigureAwait(false);
    }

    public async Task<SearchResults> SearchAsync(string query, SearchOptions? options, string? user, CancellationToken cancellationToken)
    {
        var finder = parts.Value.Finder ?? throw new NotSupportedException(
            $"This node cannot search: its store has no index of texts, or {nameof(RealtimeOptions)}.{nameof(RealtimeOptions.Search)} is false.");
        var asked = ToQuery(query, options ?? new SearchOptions(), user);
        if (asked.Channel is { } channel && await FindAccessAsync(finder, channel, user, cancellationToken).ConfigureAwait(false) != Access.Allowed)
            throw new ChannelNotFoundException(channel);
        var page = await finder.FindAsync(asked, principal: null, cancellationToken).ConfigureAwait(false);
        return new SearchResults([.. page.Hits.Select(hit => new FoundMessage(hit.Message, hit.Matches))], page.Next?.ToString());
    }

    private SearchQuery ToQuery(string query, SearchOptions options, string? user)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (query.Length > ProtocolConstants.MaxQueryLength)
            throw new ArgumentException($"A query may have at most {ProtocolConstants.MaxQueryLength} UTF-16 code units.", nameof(query));
        if (!SearchTerms.TryParse(query, out var terms)) throw new ArgumentException("The query has no letter or digit to search for.", nameof(query));
        if (options.Channel is { } channel) Identifiers.Require(channel, nameof(options));
        if (options.Sender is { } sender) UserNames.Require(sender, nameof(options));
        if (user is not null) UserNames.Require(user, nameof(user));
        var limit = options.Limit ?? ProtocolConstants.DefaultPageSize;
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, ProtocolConstants.MaxPageSize);
        SearchPosition before = default;
        if (options.Before is not null && !SearchPosition.TryParse(options.Before, out before))
            throw new ArgumentException("The options' Before must be the Next of an earlier page.", nameof(options));
        return new SearchQuery(terms, new PageLimit(limit, int.MaxValue), parts.Value.Clock.Timestamp)
        {
            Channel = options.Channel, User = user, Sender = options.Sender, Since = options.Since, Until = options.Until,
            Before = options.Before is null ? null : before,
        };
    }

    private async ValueTask<Access> FindAccessAsync(MessageFinder finder, string channel, string? user, CancellationToken cancellationToken)
    {
        if (user is not null) return await finder.AskAsync(channel, user, principal: null, cancellationToken).ConfigureAwait(false);
        var heads = await parts.Value.Store.ReadHeadsAsync([channel], cancellationToken).ConfigureAwait(false);
        return heads.Count == 0 ? Access.Hidden : Access.Allowed;
    }
}
