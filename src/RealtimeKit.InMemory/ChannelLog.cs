using RealtimeKit.Protocol;
using RealtimeKit.Stores;

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
    private readonly SortedSet<long> _pinned = [];
    private readonly List<ChannelAction> _actions = [];
    private readonly Dictionary<string, DateTimeOffset> _lastPosts = new(StringComparer.Ordinal);
    private readonly Dictionary<long, ChannelReport> _reports = [];
    private readonly HashSet<(long Sequence, string User)> _reporters = [];
    private readonly UnreadIndex _unread = new();
    private readonly TimeOrder _order;
    private string _epoch = ChannelHead.NewEpoch();
    private DateTimeOffset _changed;

    public ChannelLog(NewChannel definition, TimeOrder order)
    {
        _order = order;
        Definition = definition;
        Roster = new ChannelRoster(definition);
        Settings = new ChannelSettings(definition.Name, definition.Data);
        _changed = definition.Created;
    }

    public NewChannel Definition { get; }

    public ChannelRoster Roster { get; }

    public ChannelSettings Settings { get; private set; }

    public ChannelHead Head => new(Definition.Channel, _epoch, _changes.Count, _messages.Count, Roster.Revision);

    public ChannelInfo Info => new(Definition.Channel, Definition.Kind, Settings, Definition.Created, _changes.Count, _messages.Count);

    public ChannelListPosition Cursor => new(_changed, Definition.Channel);

    /// <summary>When the rows of all members changed last: by a version or by settings.</summary>
    public long Stamp { get; set; }

    /// <summary>When the row of a member changed last.</summary>
    public long StampOf(string user) => Math.Max(Stamp, Roster.Stamp(user));

    /// <summary>A member's part of an inbox.</summary>
    public InboxMembership Membership(string user, IEnumerable<string> blocked)
    {
        var read = Roster.Mark(user);
        return new InboxMembership(
            Definition.Channel, Roster.Preferences(user)!.Value.Notify, _unread.CountUnread(user, read, _messages.Count),
            _unread.CountMentions(user, read, blocked));
    }

    /// <summary>Whether messages of a sender mention a user.</summary>
    public bool HasMentions(string user, string sender) => _unread.HasMentions(user, sender);

    public MemberResult Apply(MemberChange change)
    {
        var result = Roster.Apply(change);
        if (result.Action is { } action) _actions.Add(action);
        return result;
    }

    public ActionPage ListActions(long? before, int limit)
    {
        var end = (int)Math.Clamp(before ?? long.MaxValue, 0, _actions.Count);
        var first = Math.Max(0, end - limit);
        return new ActionPage([.. _actions[first..end].AsEnumerable().Reverse()], first > 0 ? first : null);
    }

    public SettingsResult Apply(SettingsChange change)
    {
        var result = change.Decide((Settings, Roster.Revision));
        if (result.Action is { } action) _actions.Add(action);
        // What is kept of an earlier slow mode is older than the last messages say.
        if (Settings.SlowMode == 0 && result.Settings.SlowMode > 0) _lastPosts.Clear();
        (Settings, Roster.Revision) = (result.Settings, result.Revision);
        return result;
    }

    public ReportResult Apply(ReportChange change)
    {
        var stored = _reports.GetValueOrDefault(change.Sequence);
        var result = change.Decide(_epoch, Find(change.Sequence)?.Message, stored, _reporters.Contains((change.Sequence, change.User)));
        if (result.Outcome != ReportOutcome.Reported) return result;
        _reports[change.Sequence] = result.Report!;
        _reporters.Add((change.Sequence, change.User));
        return result;
    }

    public ResolveResult Apply(ResolveChange change)
    {
        var stored = _reports.GetValueOrDefault(change.Sequence);
        var result = change.Decide(Roster.Revision, stored?.State);
        if (result.Outcome == ResolveOutcome.Changed) _reports[change.Sequence] = stored! with { State = change.State };
        if (result.Action is { } action) _actions.Add(action);
        return result;
    }

    public ReportPage ListReports(ReportPosition before, int limit)
    {
        var page = new ReportPageBuilder(limit);
        foreach (var report in _reports.Values.OrderByDescending(report => (report.Time, report.Message.Sequence)))
        {
            var isBehind = (report.Time, report.Message.Sequence).CompareTo((before.Time, before.Sequence)) < 0;
            if (isBehind && !page.TryAdd(report)) break;
        }

        return page.Build();
    }

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
        if (query.Pinned) thread = thread is null ? [.. _pinned] : thread.FindAll(_pinned.Contains);
        var first = CountUpTo(thread, query.After ?? 0);
        var last = CountUpTo(thread, query.Before - 1 ?? long.MaxValue) - 1;
        for (var i = 0; i <= last - first; i++)
        {
            var place = query.After is null ? last - i : first + i;
            if (!page.TryAdd(_messages[thread is null ? place : (int)thread[place] - 1].Message)) break;
        }

        return page.Build(Head, descending: query.After is null);
    }

    public ChannelView View(string user, bool blocked) =>
        new(Head, Definition.Kind, Settings, Definition.Created, Roster.Role(user), Roster.Mark(user), Roster.Ban(user), Roster.Mute(user), blocked,
            Roster.Role(user) == ChannelRole.Moderator && Roster.Owners == 0);

    public DirectoryChannel List(string user) => new(
        new ListedChannel(Definition.Channel, Settings.Name, Settings.Data, Roster.Count, _messages.Count), Roster.Role(user), Settings.Closed);

    public ChannelSummary Summary(string user, IEnumerable<string> blocked)
    {
        var read = Roster.Mark(user);
        var preferences = Roster.Preferences(user)!.Value;
        return new ChannelSummary(
            Definition.Channel, Settings.Name, Definition.Kind, Roster.Role(user)!.Value, _messages.Count, _changes.Count, read,
            _unread.CountUnread(user, read, _messages.Count), _unread.CountMentions(user, read, blocked), _messages.LastOrDefault()?.Message,
            Settings.Data, Settings.Closed, preferences.Notify, preferences.Pinned, preferences.IsHiddenAt(_messages.Count), _changed);
    }

    public IReadOnlyList<string> OwnReactions(long sequence, string user) => Find(sequence)?.Reactions?.Of(user) ?? [];

    public ChannelPlan Plan() => new(Definition.Channel, 0, _epoch, _changes.Count, _messages.Count, Roster.Revision);

    /// <summary>Adds what a change is about.</summary>
    /// <param name="plan">This channel's part of the plan.</param>
    /// <param name="change">The change.</param>
    /// <param name="most">The most changes of the batch.</param>
    public void Load(ChannelPlan plan, MessageChange change, int most)
    {
        var target = AppendPlan.TargetOf(change) is { } sequence ? Find(sequence) : null;
        if (target is not null) plan.Add(target.Message, target.Digest);
        if (change is PostChange post && _byId.TryGetValue(post.Id.Value, out var known)) plan.Add(known.Message, known.Digest);
        if (change is PostChange { Pause.Ticks: > 0, Sender: var sender } && FindLastPost(sender) is { } last) plan.AddLastPost(sender, last);
        if (change is PinChange) plan.Pinned = _pinned.Count;
        if (change is ReactChange react) target?.Reactions?.Load(plan.Reactions, react, ChangeRules.MaxUsersPerReaction + most);
    }

    /// <summary>Keeps what was decided.</summary>
    public void Write(ChannelPlan plan, long stamp)
    {
        Stamp = stamp;
        // Versions that the batch itself has passed again are of no message: their entries are as stale as any other.
        while (_changes.Count < plan.Version) _changes.Add(1);
        foreach (var message in plan.Messages)
        {
            if (message.IsChanged) Write(message);
        }

        _actions.AddRange(plan.Actions);
        foreach (var (user, time) in plan.LastPosts) _lastPosts[user] = time;
        if (plan.HasReactions) Write(plan.Reactions);
        _changed = plan.Changed!.Value;
    }

    private void Write(MessagePlan plan)
    {
        var message = plan.Message;
        _changes[(int)message.Version - 1] = message.Sequence;
        if (plan.Stored is { } stored)
        {
            _messages[(int)message.Sequence - 1].Message = message;
            if (message.PinnedAt is not null) _pinned.Add(message.Sequence);
            else if (stored.PinnedAt is not null) _pinned.Remove(message.Sequence);
            _unread.Replace(stored, message);
            return;
        }

        var added = new StoredMessage(plan.Digest.ToArray()) { Message = message };
        _messages.Add(added);
        _byId.Add(message.Id.Value, added);
        _unread.Add(message);
        if (message.PinnedAt is not null) _pinned.Add(message.Sequence);
        _order.Add(this, added);
        if (message.Thread is { } root) AddToThread(root, message.Sequence);
    }

    private void Write(ReactionPlan plan)
    {
        foreach (var sequence in plan.Cleared) Find(sequence)!.Reactions = null;
        foreach (var given in plan.Removed) Find(given.Sequence)!.Reactions!.Remove(given);
        foreach (var given in plan.Added) (Find(given.Sequence)!.Reactions ??= new ReactionBook()).Add(given);
    }

    private DateTimeOffset? FindLastPost(string user) => _lastPosts.TryGetValue(user, out var time)
        ? time : _messages.TakeLast(1_000).LastOrDefault(stored => stored.Message.Sender == user)?.Message.Time;

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
