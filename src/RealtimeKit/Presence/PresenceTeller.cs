using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// Tells who came and went, a twentieth of a second's changes at a time, each user's latest state once: a thousand
/// arrivals at once then cost each reader, and each other node, a few writes. Safe for concurrent use.
/// </summary>
internal sealed class PresenceTeller : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly Lock _telling = new();
    private readonly RealtimeOptions _options;
    private readonly LocalChannels _channels;
    private readonly Distributor _distributor;
    private readonly ITimer _timer;
    private Dictionary<(string Channel, string User), Change> _changed = [];

    public PresenceTeller(RealtimeOptions options, LocalChannels channels, Distributor distributor, TimeProvider time)
    {
        (_options, _channels, _distributor) = (options, channels, distributor);
        _timer = time.CreateTimer(static teller => ((PresenceTeller)teller!).Tell(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Notes what became of one of this node's own users.</summary>
    public void NoteOwn(LocalChannel channel, in StatusChange change) => Note(channel, change, own: _distributor.HasOtherNodes);

    /// <summary>Notes what another node's telling did to a user's status.</summary>
    public void Note(LocalChannel channel, in StatusChange change) => Note(channel, change, own: false);

    /// <summary>Tells now what was noted so far.</summary>
    public void Tell()
    {
        lock (_telling)
        {
            Dictionary<(string Channel, string User), Change> changed;
            lock (_gate) (changed, _changed) = (_changed, []);
            foreach (var channel in changed.GroupBy(one => one.Key.Channel, StringComparer.Ordinal)) Tell(channel.Key, channel);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Note(LocalChannel channel, in StatusChange change, bool own)
    {
        var moved = change.Before != change.After;
        if (!own && (!moved || IsCrowd(channel))) return;
        lock (_gate)
        {
            var key = (channel.Name, change.User);
            var first = _changed.Count == 0;
            _changed[key] = _changed.TryGetValue(key, out var noted) ? new Change(noted.Moved | moved, noted.Own | own) : new Change(moved, own);
            if (first) _timer.Change(Window, Timeout.InfiniteTimeSpan);
        }
    }

    private void Tell(string name, IEnumerable<KeyValuePair<(string Channel, string User), Change>> changed)
    {
        // It may be served no more, or again: what it is now is what counts.
        var channel = _channels.Find(name);
        using var body = new FrameBuffer();
        using var signals = new PresenceSignals();
        foreach (var ((_, user), change) in changed)
        {
            if (change.Own)
            {
                NodeNotices.Write(body, channel?.Presence.OwnOf(user) ?? new PresenceOf(user, default));
                if (body.Length >= NodeNotices.LargestBody) TellNodes(name, body);
            }

            // Told though it may be what it was before: who asked in between has seen the other.
            if (change.Moved && channel is not null && !IsCrowd(channel)) signals.Add(name, user, channel.Presence.StatusOf(user));
        }

        // To the readers of this node; the other nodes tell theirs.
        if (!signals.IsEmpty)
            foreach (var reader in channel!.Readers()) signals.SendTo(reader.Session);

        if (body.Length > 0) TellNodes(name, body);
    }

    private void TellNodes(string channel, FrameBuffer body)
    {
        _distributor.Publish(channel, BrokerNotice.Presence, 0, body.WrittenSpan);
        body.Clear();
    }

    private bool IsCrowd(LocalChannel channel) => channel.Presence.Connections > _options.PresenceSignalsUpTo;

    /// <summary>A user whose state changed: whether the status did at any moment, and whether other nodes are to be told.</summary>
    private readonly record struct Change(bool Moved, bool Own);
}
