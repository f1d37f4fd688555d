using RealtimeKit.Protocol;

namespace RealtimeKit.InMemory;

/// <summary>One channel's log: its messages by sequence, by id and by version. Guarded by the store's lock.</summary>
internal sealed class ChannelLog
{
    private readonly List<StoredMessage> _messages = [];
    private readonly Dictionary<Guid, StoredMessage> _byId = [];

    // For each version the sequence that it changed. Only the entry of a message's latest change is current; the others are stale.
    private readonly List<long> _changes = [];

    // For each message with answers the sequences of its thread, beginning with its own.
    private readonly Dictionary<long, List<long>> _threads = [];
    private readonly UnreadIndex _unread = new();
    private string _epoch = ChannelHead.NewEpoch();
    private DateTimeOffset _changed;

    public ChannelLog(NewChannel definition)
    {
        Definition = definition;
        Roster = new ChannelRoster(definition);
        _changed = definition.Created;
    }

    public NewChannel Definition { get; }

    public ChannelRoster Roster { get; }

    public ChannelHead Head => new(Definition.Channel, _epoch, _changes.Count, _messages.Count, Roster.Revision);

    public ChannelListPosition Cursor => new(_changed, Definition.Channel);

    private long NextVersion => _changes.Count + 1;

    public AppendResult Append(MessageChange change) => (ChangeRules.Refuse(change, _epoch) ?? Decide(change)) with { Epoch = _epoch };

    private AppendResult Decide(MessageChange change) => change switch
    {
        PostChange post => Post(post),
        EditChange edit => Change(edit, edit.Sequence, stored => ChangeRules.Edit(edit, stored.Message, NextVersion)),
        DeleteChange delete => Delete(delete),
        ReactChange react => React(react),
        _ => throw new ArgumentException($"A {change.GetType().Name} is no change that this store knows.", nameof(change)),
    };

    public void RenewEpoch() => _epoch = ChannelHead.NewEpoch();

    public MessagePage ReadChanges(long afterVersion, PageLimit limit)
    {
        var page = new PageBuilder(limit);
        for (var version = Math.Clamp(afterVersion, 0, _changes.Count) + 1; version <= _changes.Count; version++)
        {
            var message = _messages[(int)_changes[(int)version - 1] - 1].Message;
            if (message.Version == version && !page.TryAdd(message)) break;
        }

        return page.Build(Head);
    }

    public MessagePage ReadHistory(HistoryQuery query)
    {
        var page = new PageBuilder(query.Limit);
        var thread = query.Thread is { } root ? Thread(root) : null;
        var first = CountUpTo(thread, query.After ?? 0);
        var last = CountUpTo(thread, query.Before - 1 ?? long.MaxValue) - 1;
        for (var i = 0; i <= last - first; i++)
        {
            var place = query.After is null ? last - i : first + i;
            if (!page.TryAdd(_messages[thread is null ? place : (int)thread[place] - 1].Message)) break;
        }

        return page.Build(Head, descending: query.After is null);
    }

    public ChannelView View(string user) =>
        new(Head, Definition.Kind, Definition.Name, Definition.Created, Roster.Role(user), Roster.Mark(user));

    public ChannelSummary Summary(string user)
    {
        var read = Roster.Mark(user);
        return new ChannelSummary(
            Definition.Channel, Definition.Name, Definition.Kind, Roster.Role(user)!.Value, _messages.Count, _changes.Count, read,
            _unread.CountUnread(user, read, _messages.Count), _unread.CountMentions(user, read), _messages.LastOrDefault()?.Message);
    }

    public IReadOnlyList<string> OwnReactions(long sequence, string user) => Find(sequence)?.Reactions?.Of(user) ?? [];

    private AppendResult Post(PostChange post)
    {
        if (_byId.TryGetValue(post.Id.Value, out var known)) return ChangeRules.Repeat(post, known.Message, known.Digest);
        var repliedTo = post.ReplyTo is { } sequence ? Find(sequence) : null;
        if (post.OnlyIfKnown || (post.ReplyTo is not null && repliedTo is null)) return new AppendResult(AppendOutcome.NoMessage);
        var stored = new StoredMessage(post.Digest.ToArray())
        {
            Message = ChangeRules.Post(post, _messages.Count + 1, NextVersion, repliedTo?.Message),
        };
        _messages.Add(stored);
        _byId.Add(post.Id.Value, stored);
        _unread.Add(stored.Message);
        if (stored.Message.Thread is { } root) AddToThread(root, stored.Message.Sequence);
        return Commit(stored, stored.Message, post.Time);
    }

    private AppendResult Delete(DeleteChange delete)
    {
        var result = Change(delete, delete.Sequence, stored => ChangeRules.Delete(delete, stored.Message, NextVersion));
        if (result.Outcome == AppendOutcome.Appended) Find(delete.Sequence)!.Reactions = null;
        return result;
    }

    private AppendResult React(ReactChange react)
    {
        return Change(react, react.Sequence, stored =>
        {
            var reactions = stored.Reactions ?? new ReactionBook();
            var result = ChangeRules.React(react, stored.Message, reactions.Has(react.User, react.Reaction));
            if (result.Outcome != AppendOutcome.Appended) return result;
            stored.Reactions = reactions;
            reactions.Apply(react);
            return result with { Message = stored.Message with { Reactions = reactions.Summaries(), Version = NextVersion } };
        });
    }

    private AppendResult Change(MessageChange change, long sequence, Func<StoredMessage, AppendResult> decide)
    {
        if (Find(sequence) is not { } stored) return new AppendResult(AppendOutcome.NoMessage);
        var result = decide(stored);
        if (result.Outcome != AppendOutcome.Appended) return result;
        _unread.Replace(stored.Message, result.Message!);
        return Commit(stored, result.Message!, change.Time);
    }

    private AppendResult Commit(StoredMessage stored, Message message, DateTimeOffset time)
    {
        stored.Message = message;
        _changes.Add(message.Sequence);
        _changed = time;
        return new AppendResult(AppendOutcome.Appended, message);
    }

    private StoredMessage? Find(long sequence) =>
        sequence >= 1 && sequence <= _messages.Count ? _messages[(int)sequence - 1] : null;

    private void AddToThread(long root, long sequence)
    {
        if (!_threads.TryGetValue(root, out var thread)) _threads.Add(root, thread = [root]);
        thread.Add(sequence);
    }

    private List<long> Thread(long root) => _threads.GetValueOrDefault(root) ?? (Find(root) is null ? [] : [root]);

    private int CountUpTo(List<long>? thread, long sequence)
    {
        if (thread is null) return (int)Math.Clamp(sequence, 0, _messages.Count);
        var place = thread.BinarySearch(sequence);
        return place >= 0 ? place + 1 : ~place;
    }
}
