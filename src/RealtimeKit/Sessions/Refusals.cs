using RealtimeKit.Delivery;
using RealtimeKit.Protocol;

namespace RealtimeKit.Sessions;

/// <summary>
/// Publishes that were refused because the store is away or the user too fast, and with them all of the same channel that
/// the client sent before it knew. A ping goes right behind the error: what comes before its pong was sent without
/// knowledge, and storing it would put it before the refused one's retry.
/// </summary>
internal sealed class Refusals(SessionOutput output, OutstandingAppends outstanding, NodeClock clock)
{
    // For a client that answers no pings and gives up the refused message.
    private const long PatienceMilliseconds = 2_000;

    // Far more than a client sends before it reads the first error.
    private const int MostChannels = 1_000;

    private readonly Lock _gate = new();
    private readonly List<SessionChannel> _channels = [];
    private int _pongs;
    private long _lastRefused;

    /// <summary>Refuses a publish, and from then on those behind it.</summary>
    public void Begin(SessionChannel channel, long id, Refusal refusal)
    {
        bool tooMany;
        lock (_gate)
        {
            if (channel.Refusal is { } present)
            {
                refusal = present;
            }
            else
            {
                channel.Refusal = refusal;
                _channels.Add(channel);
            }

            _lastRefused = clock.Now;
            tooMany = _channels.Count > MostChannels;
        }

        using (var reply = output.Open())
        {
            Write(reply.Buffer, id, refusal);
            if (refusal.Ping == 0) refusal.Ping = output.Ping(reply.Buffer);
        }

        if (tooMany)
            output.Close(
                CloseCode.LimitsAbused, ErrorCodes.TooMany,
                $"Publishes to more than {MostChannels} channels are being refused: answer the pings behind the errors, and begin again at the first refused message of each.");
    }

    /// <summary>Refuses one more publish of a channel that is being refused.</summary>
    public void Repeat(long id, Refusal refusal)
    {
        using var reply = output.Open();
        Write(reply.Buffer, id, refusal);
    }

    /// <summary>Ends the refusals that the client knows of by its answer to a ping.</summary>
    public async ValueTask PongAsync()
    {
        if (_pongs >= output.Pings) return;
        _pongs++;
        if (IsEmpty) return;
        await outstanding.DrainedAsync().ConfigureAwait(false);
        End(static (refusal, pongs) => refusal.Ping <= pongs, _pongs);
    }

    /// <summary>Whether the client begins again at the first refused message, and so knows of the refusal, which then ends.</summary>
    public async ValueTask<bool> TryBeginAgainAsync(SessionChannel channel, MessageId id)
    {
        if (channel.Refusal is not { } refusal || refusal.First != id || !output.RefusalsAreWritten) return false;
        await outstanding.DrainedAsync().ConfigureAwait(false);
        End(static (present, ended) => present == ended, refusal);
        return true;
    }

    /// <summary>Ends all refusals when nothing more was refused for a while.</summary>
    public void ExpireWhenQuiet()
    {
        if (IsEmpty || clock.Now - _lastRefused < PatienceMilliseconds || !outstanding.IsEmpty || !output.RefusalsAreWritten) return;
        End(static (_, _) => true, 0);
    }

    private bool IsEmpty
    {
        get
        {
            lock (_gate) return _channels.Count == 0;
        }
    }

    private void End<T>(Func<Refusal, T, bool> ends, T argument)
    {
        lock (_gate)
        {
            _channels.RemoveAll(channel =>
            {
                if (channel.Refusal is { } refusal && !ends(refusal, argument)) return false;
                channel.Refusal = null;
                return true;
            });
        }
    }

    private void Write(FrameBuffer buffer, long id, Refusal refusal)
    {
        ServerReplies.Error(buffer, id, refusal.Code, refusal.Message, refusal.RetryAfter);
        output.NoteRefusal();
    }
}
