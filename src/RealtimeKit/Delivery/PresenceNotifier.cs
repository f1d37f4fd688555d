using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using RealtimeKit.Presence;
using RealtimeKit.Protocol;

namespace RealtimeKit.Delivery;

/// <summary>
/// Sends changes of presence, each user's latest state once: those of 50 milliseconds at a time, and of up to a second while many
/// users come and go, as after another node's end. A thousand arrivals then cost each reader, and each other node, a write or
/// two, and do not delay later arrivals. Safe for concurrent use.
/// </summary>
internal sealed partial class PresenceNotifier : IDisposable
{
    private const int Few = 16;
    private const int MostWindows = 20;
    private const int MostKept = 4_096;
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly Lock _sendGate = new();
    private readonly RealtimeOptions _options;
    private readonly LocalChannels _channels;
    private readonly Distributor _distributor;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly PresenceSignals _signals = new();
    private List<Change> _noted = [];
    private List<Change> _sending = [];
    private int _windows;
    private int _seen;

    public PresenceNotifier(RealtimeOptions options, LocalChannels channels, Distributor distributor, TimeProvider time, ILogger<PresenceNotifier> logger)
    {
        (_options, _channels, _distributor, _logger) = (options, channels, distributor, logger);
        _timer = time.CreateTimer(static notifier => ((PresenceNotifier)notifier!).EndWindow(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Notes what became of one of this node's own users.</summary>
    public void NoteOwn(LocalChannel channel, in StatusChange change) => Note(channel, change, own: _distributor.HasOtherNodes);

    /// <summary>Notes what another node's notice did to a user's status.</summary>
    public void Note(LocalChannel channel, in StatusChange change) => Note(channel, change, own: false);

    /// <summary>Sends now what was noted so far.</summary>
    public void Send()
    {
        lock (_sendGate)
        {
            lock (_gate)
            {
                (_noted, _sending) = (_sending, _noted);
                _windows = _seen = 0;
            }

            // Sorted by channel, then by user.
            _sending.Sort(Change.Order);
            for (var rest = CollectionsMarshal.AsSpan(_sending); !rest.IsEmpty;)
            {
                var name = rest[0].Channel;
                var count = 1;
                while (count < rest.Length && rest[count].Channel == name) count++;
                TrySend(name, rest[..count]);
                rest = rest[count..];
            }

            _sending.Clear();
            if (_sending.Capacity > MostKept) _sending.Capacity = 0;
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

        Send();
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

    private void TrySend(string name, ReadOnlySpan<Change> changes)
    {
        try
        {
            Send(name, changes);
        }
        catch (Exception exception)
        {
            // A broker may throw. The other channels are still sent, and the other nodes find the difference by the digests.
            PresenceNotSent(exception, name);
        }
        finally
        {
            _signals.Clear();
        }
    }

    private void Send(string name, ReadOnlySpan<Change> changes)
    {
        // The channel may have been released or served again meanwhile: its present state is sent.
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
                if (body.Length >= NodeNotices.LargestBody) SendToNodes(name, body);
            }

            // Sent even if the status is as before: a reader who asked in between has seen another one.
            if (moved && channel is not null && !IsCrowd(channel)) _signals.Add(name, user, channel.Presence.StatusOf(user));
        }

        // Only to this node's readers; the other nodes notify theirs.
        if (!_signals.IsEmpty)
            foreach (var reader in channel!.Readers()) _signals.SendTo(reader);

        if (body.Length > 0) SendToNodes(name, body);
    }

    private void SendToNodes(string channel, FrameBuffer body)
    {
        _distributor.Publish(channel, BrokerNotice.Presence, 0, body.WrittenSpan);
        body.Clear();
    }

    [LoggerMessage(48, LogLevel.Error, "Changes of presence in channel {Channel} could not be sent to everybody.")]
    private partial void PresenceNotSent(Exception exception, string channel);

    private bool IsCrowd(LocalChannel channel) => channel.Presence.Connections > _options.PresenceSignalsUpTo;

    /// <summary>A user whose state changed: whether the status did, and whether other nodes are to be notified.</summary>
    private readonly record struct Change(string Channel, string User, bool Moved, bool Own)
    {
        public static int Order(Change one, Change other)
        {
            var order = string.CompareOrdinal(one.Channel, other.Channel);
            return order != 0 ? order : string.CompareOrdinal(one.User, other.User);
        }
    }
}
