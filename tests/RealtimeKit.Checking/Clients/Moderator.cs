using System.Text.Json;
using RealtimeKit.Checking.History;

namespace RealtimeKit.Checking.Clients;

/// <summary>
/// The owner of all channels: mutes others through whichever node, and lets them write again; pins messages of its own, and unpins most of them. It publishes upon the answer that took the
/// right, and before it asks to give the right back: nothing of the muted user may stand between these two.
/// </summary>
/// <param name="user">Who made the channels.</param>
/// <param name="way">Its way to the nodes.</param>
/// <param name="targets">Whom it mutes, and where.</param>
/// <param name="seed">Decides what it does.</param>
/// <param name="scene">What the clients share.</param>
internal sealed class Moderator(string user, IWay way, IReadOnlyList<(string User, string Channel)> targets, int seed, Scene scene) : IAsyncDisposable
{
    // So many of what other clients do in the time.
    private const int ActionsForEach = 12;
    private const string Name = "moderator";

    // Of all channels together, below what one of them may have.
    private const int MostPinned = 50;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private readonly Random _random = new(seed);
    private readonly CancellationTokenSource _giveUp = new();
    private readonly List<Silence> _silences = [];
    private RawConnection? _connection;
    private int _pinned;

    /// <summary>Works until told to stop, and ends when everybody may write again.</summary>
    public async Task WorkAsync(CancellationToken stop)
    {
        while (await scene.Pace.TurnAsync(_random, ActionsForEach, stop))
        {
            try
            {
                await scene.Pending.Of(SilenceAsync(targets[_random.Next(targets.Count)]));
            }
            catch (OperationCanceledException) when (_giveUp.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>
    /// Takes the messages that were under way while their sender was muted out of their client's order: some are refused for good and some
    /// are not, and a client that did not read the refusal sends the refused ones again.
    /// </summary>
    public void FreeFromOrder()
    {
        foreach (var silence in _silences)
        {
            foreach (var send in scene.Ledger.Sends)
            {
                if (send.Sender == silence.User && send.Channel == silence.Channel && send.BeganAt <= silence.Ended && !(send.AcknowledgedAt < silence.Began))
                    send.LeaveOrder();
            }
        }
    }

    /// <summary>Checks that nothing of who was muted stands in the log where it may not.</summary>
    public void Check(IReadOnlyDictionary<string, IReadOnlyList<Entry>> log)
    {
        foreach (var silence in _silences)
        {
            foreach (var entry in log[silence.Channel].Where(entry => entry.Sequence > silence.From && entry.Sequence < silence.To))
                scene.Findings.Require(
                    Checks.Check.Authorization, entry.Sender != silence.User,
                    () => $"{silence.Channel} {entry.Sequence}: {silence.User} was muted, which was answered before {silence.From} began; {silence.To} was asked for before it ended");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _giveUp.CancelAsync();
        if (_connection is { } connection)
        {
            await connection.AbortAsync();
            connection.Dispose();
        }

        _giveUp.Dispose();
    }

    private async Task SilenceAsync((string User, string Channel) target)
    {
        var fields = new Dictionary<string, object?> { ["channel"] = target.Channel, ["user"] = target.User };
        var silence = new Silence(target.Channel, target.User, scene.Ledger.Now);
        _silences.Add(silence);
        await UntilDoneAsync("mute", fields);
        silence.From = await PublishAsync(target.Channel);
        await PinAsync(ChangeKind.Pin, target.Channel, silence.From);
        await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(100, 2_500)), scene.Time, _giveUp.Token);
        silence.To = await PublishAsync(target.Channel);
        scene.Story.Tell($"{Name}: {target.User} was silent in {target.Channel} from {silence.From} to {silence.To}");
        if (_random.Next(4) > 0 || _pinned >= MostPinned) await PinAsync(ChangeKind.Unpin, target.Channel, silence.From);
        else _pinned++;
        await UntilDoneAsync("unmute", fields);
        silence.Ended = scene.Ledger.Now;
    }

    private async Task PinAsync(ChangeKind kind, string channel, long sequence)
    {
        var change = scene.Ledger.Ask(kind, channel, sequence, user, "");
        var reply = await UntilDoneAsync(kind == ChangeKind.Pin ? "pin" : "unpin", new() { ["channel"] = channel, ["sequence"] = sequence });
        change.Confirm(reply.GetProperty("version").GetInt64());
    }

    private async Task<long> PublishAsync(string channel)
    {
        var entry = scene.Ledger.Begin(scene.Ledger.NewId(_random), channel, Name, user, null, Scene.Text(user, "rules", _random));
        var reply = await UntilDoneAsync(
            "publish", new() { ["channel"] = channel, ["message"] = new Dictionary<string, object?> { ["id"] = entry.Id.ToString(), ["text"] = entry.Text } }, entry);
        var sequence = reply.GetProperty("sequence").GetInt64();
        scene.Ledger.Acknowledge(entry, sequence, reply.GetProperty("duplicate").GetBoolean());
        return sequence;
    }

    // Asks until it is done, over as many connections as it takes.
    private async Task<JsonElement> UntilDoneAsync(string type, Dictionary<string, object?> fields, Send? entry = null)
    {
        while (true)
        {
            try
            {
                var connection = await ConnectionAsync();
                entry?.Try();
                var reply = await connection.RequestAsync(type, fields);
                if (RawConnection.Type(reply) != "error") return reply;
                if (Codes.IsDefinite(reply.GetProperty("code").GetString()!)) scene.Findings.Violate(Checks.Check.Authorization, $"{type} of the owner was refused: {reply}");
            }
            catch (ConnectionLostException)
            {
                // The request may or may not have been carried out: it is made again.
            }

            await Task.Delay(Pause, scene.Time, _giveUp.Token);
        }
    }

    private async Task<RawConnection> ConnectionAsync()
    {
        if (_connection is { Ended.IsCancellationRequested: false } present) return present;
        _connection?.Dispose();
        _connection = null;
        return _connection = await RawConnection.OpenAsync(way.ConnectAsync, scene.Time, static (_, _, _) => { });
    }

    private sealed class Silence(string channel, string user, long began)
    {
        public string Channel => channel;

        public string User => user;

        /// <summary>When it was asked for.</summary>
        public long Began => began;

        /// <summary>When its end was answered.</summary>
        public long Ended { get; set; } = long.MaxValue;

        /// <summary>The message that was published upon the answer.</summary>
        public long From { get; set; }

        /// <summary>The one that was answered before the end was asked for.</summary>
        public long To { get; set; }
    }
}
