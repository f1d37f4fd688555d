using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using RealtimeKit.Delivery;
using RealtimeKit.Stores;

namespace RealtimeKit.Inboxes;

/// <summary>
/// Which connected inboxes a channel concerns, and which rows are to be read again. To note a change of a channel costs one look-up, however
/// many inboxes there are. Safe for concurrent use.
/// </summary>
internal sealed partial class InboxIndex(BrokerSubscriptions subscriptions, ILogger<InboxIndex> logger)
{
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, Entry> _channels = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Inbox>> _users = new(StringComparer.Ordinal);
    private readonly HashSet<Inbox> _inboxes = [];
    private readonly ConcurrentQueue<Entry> _marked = new();
    private readonly ConcurrentQueue<Inbox> _queue = new();

    /// <summary>Called when something is to be read; it returns at once.</summary>
    public Action? Woken { get; set; }

    /// <summary>How many inboxes are connected.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _inboxes.Count;
        }
    }

    /// <summary>The connected inboxes.</summary>
    public IReadOnlyList<Inbox> All
    {
        get
        {
            lock (_gate) return [.. _inboxes];
        }
    }

    /// <summary>The rows of a channel changed, for all of its members.</summary>
    public void Mark(string channel)
    {
        if (!_channels.TryGetValue(channel, out var entry) || !entry.TryMark()) return;
        _marked.Enqueue(entry);
        Woken?.Invoke();
    }

    /// <summary>The row of one user changed, perhaps because the user is a member now; with null, those of all members.</summary>
    public void Mark(string channel, string? user)
    {
        if (user is null)
        {
            Mark(channel);
            return;
        }

        Inbox[] inboxes;
        lock (_gate)
        {
            if (!_users.TryGetValue(user, out var found)) return;
            inboxes = [.. found];
        }

        foreach (var inbox in inboxes) Mark(channel, inbox);
    }

    /// <summary>The row of one inbox is to be read again.</summary>
    public void Mark(string channel, Inbox inbox)
    {
        if (inbox.Mark(channel)) Enqueue(inbox);
    }

    /// <summary>Rows changed, as the store says: those are to be read again that were read before that.</summary>
    public void Mark(in InboxTouch touch)
    {
        Inbox[] inboxes;
        lock (_gate)
        {
            if (touch.User is { } user) inboxes = _users.TryGetValue(user, out var own) ? [.. own] : [];
            else inboxes = _channels.TryGetValue(touch.Channel, out var entry) ? [.. entry.Inboxes] : [];
        }

        foreach (var inbox in inboxes)
            if (inbox.Mark(touch.Channel, touch.Stamp)) Enqueue(inbox);
    }

    /// <summary>Puts an inbox whose rows wait into the queue of those that have something to read.</summary>
    public void Enqueue(Inbox inbox)
    {
        _queue.Enqueue(inbox);
        Woken?.Invoke();
    }

    /// <summary>Takes the inboxes that have something to read.</summary>
    public IReadOnlyList<Inbox> TakeQueue()
    {
        while (_marked.TryDequeue(out var entry))
        {
            entry.Unmark();
            Inbox[] inboxes;
            lock (_gate) inboxes = [.. entry.Inboxes];
            foreach (var inbox in inboxes)
                if (inbox.Mark(entry.Name)) _queue.Enqueue(inbox);
        }

        var taken = new List<Inbox>();
        for (var left = _queue.Count; left > 0 && _queue.TryDequeue(out var inbox); left--) taken.Add(inbox);
        return taken;
    }

    /// <summary>The text that is held for a name already, if there is one, so that inboxes do not hold a copy each.</summary>
    public string Share(string channel) => _channels.TryGetValue(channel, out var entry) ? entry.Name : channel;

    /// <summary>Begins to note changes that concern an inbox by its user.</summary>
    public void Add(Inbox inbox)
    {
        lock (_gate)
        {
            // Whoever ended it takes it out afterwards.
            if (inbox.IsEnded || !_inboxes.Add(inbox)) return;
            if (!_users.TryGetValue(inbox.User, out var inboxes)) _users.Add(inbox.User, inboxes = new List<Inbox>(1));
            inboxes.Add(inbox);
        }
    }

    /// <summary>Begins to note changes of channels for an inbox, and ends once what other nodes publish of them arrives here.</summary>
    public async Task AddAsync(Inbox inbox, IReadOnlyCollection<string> channels)
    {
        List<Task>? waiting = null;
        foreach (var channel in channels)
        {
            if (!TryAdd(inbox, channel)) continue;
            var hearing = subscriptions.AddAsync(channel);
            if (!hearing.IsCompletedSuccessfully) (waiting ??= []).Add(HearAsync(channel, hearing));
        }

        if (waiting is not null) await Task.WhenAll(waiting).ConfigureAwait(false);
    }

    /// <summary>Notes changes of a channel for an inbox no more.</summary>
    public void Remove(Inbox inbox, string channel)
    {
        lock (_gate)
        {
            if (!_channels.TryGetValue(channel, out var entry) || !entry.Inboxes.Remove(inbox)) return;
            if (entry.Inboxes.Count == 0) _channels.TryRemove(channel, out _);
        }

        subscriptions.Remove(channel);
    }

    /// <summary>Ends an inbox: nothing of it is written any more.</summary>
    public void End(Inbox inbox)
    {
        using (inbox.Output.Open()) inbox.IsEnded = true;
        Remove(inbox);
    }

    /// <summary>Takes an inbox out.</summary>
    public void Remove(Inbox inbox)
    {
        List<string> channels;
        lock (_gate)
        {
            if (!_inboxes.Remove(inbox)) return;
            if (_users.TryGetValue(inbox.User, out var inboxes) && inboxes.Remove(inbox) && inboxes.Count == 0) _users.Remove(inbox.User);
            channels = [.. inbox.Channels];
        }

        foreach (var channel in channels) Remove(inbox, channel);
    }

    private bool TryAdd(Inbox inbox, string channel)
    {
        lock (_gate)
        {
            // Whoever takes the inbox out has seen the channels that were added before.
            if (!_inboxes.Contains(inbox)) return false;
            if (!_channels.TryGetValue(channel, out var entry)) _channels[channel] = entry = new Entry(channel);
            return entry.Inboxes.Add(inbox);
        }
    }

    // A broker that refuses leaves the channel to the comparison with the store.
    private async Task HearAsync(string channel, ValueTask hearing)
    {
        try
        {
            await hearing.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            InboxNotHeard(exception, channel);
        }
    }

    [LoggerMessage(64, LogLevel.Warning, "The broker accepts no subscription to channel {Channel}; an inbox gets its changes by comparison with the store.")]
    private partial void InboxNotHeard(Exception exception, string channel);

    private sealed class Entry(string name)
    {
        private int _marked;

        public string Name => name;

        /// <summary>The inboxes of its members.</summary>
        public HashSet<Inbox> Inboxes { get; } = [];

        public bool TryMark() => Volatile.Read(ref _marked) == 0 && Interlocked.Exchange(ref _marked, 1) == 0;

        public void Unmark() => Interlocked.Exchange(ref _marked, 0);
    }
}
