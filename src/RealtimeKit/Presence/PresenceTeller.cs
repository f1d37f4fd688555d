using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// Tells who came and went, a twentieth of a second's changes at a time, each user's latest state once; and while many come
/// or go, as after another node's end, up to a second's: a thousand arrivals then cost each reader, and each other node, a
/// write or two, and do not hold up those who come behind them. Safe for concurrent use.
/// </summary>
internal sealed partial class PresenceTeller : IDisposable
{
    private const int Few = 16;
    private const int MostWindows = 20;
    private const int MostKept = 4_096;
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly Lock _telling = new();
    private readonly RealtimeOptions _options;
    private readonly LocalChannels _channels;
    private readonly Distributor _distributor;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly PresenceSignals _signals = new();
    private List<Change> _noted = [];
    private List<Change> _told = [];
    private int _windows;
    private int _seen;

    public PresenceTeller(RealtimeOptions options, LocalChannels channels, Distributor distributor, TimeProvider time, ILogger<PresenceTeller> logger)
    {
        (_options, _channels, _distributor, _logger) = (options, channels, distributor, logger);
        _timer = time.CreateTimer(static teller => ((PresenceTeller)teller!).EndWindow(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
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
            lock (_gate)
            {
                (_noted, _told) = (_told, _noted);
                _windows = _seen = 0;
            }

            // All of a channel in a row, and in it all of a user.
            _told.Sort(Change.Order);
            for (var rest = CollectionsMarshal.AsSpan(_told); !rest.IsEmpty;)
            {
                var name = rest[0].Channel;
                var count = 1;
                while (count < rest.Length && rest[count].Channel == name) count++;
                TryTell(name, rest[..count]);
                rest = rest[count..];
            }

            _told.Clear();
            if (_told.Capacity > MostKept) _told.Capacity = 0;
        }
    }

    public void Dispose() => _timer.Dispose();

    private void EndWindow()
    {
        lock (_gate)
        {
            var came = _noted.Count - _seen;
            _seen = _noted.Count;
            if (came > Few && ++_windows < MostWindows)
            {
                _timer.Change(Window, Timeout.InfiniteTimeSpan);
                return;
            }
        }

        Tell();
    }

    private void Note(LocalChannel channel, in StatusChange change, bool own)
    {
        var moved = change.Before != change.After && !IsCrowd(channel);
        if (!own && !moved) return;
        lock (_gate)
        {
            _noted.Add(new Change(channel.Name, change.User, moved, own));
            if (_noted.Count == 1) _timer.Change(Window, Timeout.InfiniteTimeSpan);
        }
    }

    private void TryTell(string name, ReadOnlySpan<Change> changes)
    {
        try
        {
            Tell(name, changes);
        }
        catch (Exception exception)
        {
            // A broker may fail; the other channels are told all the same, and the other nodes find out by the digests.
            LogUntold(exception, name);
        }
        finally
        {
            _signals.Clear();
        }
    }

    private void Tell(string name, ReadOnlySpan<Change> changes)
    {
        // It may be served no more, or again: what it is now is what counts.
        var channel = _channels.Find(name);
        using var body = new FrameBuffer();
        while (!changes.IsEmpty)
        {
            var (user, moved, own) = (changes[0].User, false, false);
            for (; !changes.IsEmpty && changes[0].User == user; changes = changes[1..])
            {
                moved |= changes[0].Moved;
                own |= changes[0].Own;
            }

            if (own)
            {
                NodeNotices.Write(body, channel?.Presence.OwnOf(user) ?? new PresenceOf(user, default));
                if (body.Length >= NodeNotices.LargestBody) TellNodes(name, body);
            }

            // Told though it may be what it was before: who asked in between has seen the other.
            if (moved && channel is not null && !IsCrowd(channel)) _signals.Add(name, user, channel.Presence.StatusOf(user));
        }

        // To the readers of this node; the other nodes tell theirs.
        if (!_signals.IsEmpty)
            foreach (var reader in channel!.Readers()) _signals.SendTo(reader.Session);

        if (body.Length > 0) TellNodes(name, body);
    }

    private void TellNodes(string channel, FrameBuffer body)
    {
        _distributor.Publish(channel, BrokerNotice.Presence, 0, body.WrittenSpan);
        body.Clear();
    }

    [LoggerMessage(48, LogLevel.Error, "Who came and went in channel {Channel} could not be told to all.")]
    private partial void LogUntold(Exception exception, string channel);

    private bool IsCrowd(LocalChannel channel) => channel.Presence.Connections > _options.PresenceSignalsUpTo;

    /// <summary>A user whose state changed: whether the status did, and whether other nodes are to be told.</summary>
    private readonly record struct Change(string Channel, string User, bool Moved, bool Own)
    {
        public static int Order(Change one, Change other)
        {
            var order = string.CompareOrdinal(one.Channel, other.Channel);
            return order != 0 ? order : string.CompareOrdinal(one.User, other.User);
        }
    }
}
