using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.History;

namespace RealtimeKit.Checking.Clients;

/// <summary>What a bare client does: it posts in windows, edits, deletes, reacts, sends again and contradicts itself.</summary>
internal sealed class RawHand
{
    private const int Burst = 4;
    private const int MostUnderWay = 16;
    private readonly RawParticipant _client;
    private readonly Scene _scene;
    private readonly IReadOnlyList<string> _channels;
    private readonly Dictionary<string, RawLane> _lanes;
    private readonly Dictionary<string, int> _numbers = [];
    private readonly OwnMessages _mine = new();
    private readonly Random _random;
    private CancellationToken _giveUp;

    public RawHand(RawParticipant client, IReadOnlyList<string> channels, int seed, Scene scene)
    {
        (_client, _channels, _scene, _random) = (client, channels, scene, new Random(seed));
        _lanes = channels.ToDictionary(channel => channel, channel => new RawLane(channel, client.Name, client.ConnectionAsync, scene, _random.Next()));
    }

    /// <summary>Lets it send copies through another client of the same user.</summary>
    public void Copy(RawHand twin)
    {
        foreach (var lane in _lanes.Values) lane.SendCopyAsync = twin.SendCopyAsync;
    }

    /// <summary>Works until told to stop, and ends when all is settled or it is to give up.</summary>
    public async Task WorkAsync(CancellationToken stop, CancellationToken giveUp)
    {
        _giveUp = giveUp;
        // The lanes end when nothing more comes: what is begun as the run stops is sent, too.
        using var ended = new CancellationTokenSource();
        var lanes = _lanes.Values.Select(lane => lane.RunAsync(ended.Token, giveUp)).ToList();
        var underWay = new Queue<Task>();
        while (await _scene.Pace.TurnAsync(_random, Burst, stop))
        {
            var channel = _channels[_random.Next(_channels.Count)];
            for (var i = 0; i < Burst; i++)
            {
                underWay.Enqueue(_scene.Pending.Of(ActAsync(channel, new Random(_random.Next()))));
                while (underWay.Count >= MostUnderWay) await underWay.Dequeue();
            }
        }

        await Task.WhenAll(underWay);
        await ended.CancelAsync();
        await Task.WhenAll(lanes);
    }

    private async Task ActAsync(string channel, Random random)
    {
        var what = random.Next(100);
        if (what < 12 && _client.AnySeen(channel, random) is { } seen)
        {
            var takeBack = random.Next(4) == 0;
            var change = _scene.Ledger.Ask(takeBack ? ChangeKind.TakeBack : ChangeKind.React, channel, seen, _client.User, $"r{random.Next(4)}");
            await ChangeAsync(change, "react", new() { ["channel"] = channel, ["sequence"] = seen, ["reaction"] = change.Value, ["remove"] = takeBack });
            return;
        }

        if (what is >= 90 and < 95 && _mine.Pick(channel, random) is { } old)
        {
            await EditAsync(channel, old, random);
            return;
        }

        var send = Post(channel, random, refused: what >= 97);
        if (await send.Done.Task is not { } sequence) return;
        _mine.Add(channel, sequence);
        if (what < 24) await EditAsync(channel, sequence, random);
        if (what is >= 20 and < 27)
            await ChangeAsync(_scene.Ledger.Ask(ChangeKind.Delete, channel, sequence, _client.User, ""), "delete", new() { ["channel"] = channel, ["sequence"] = sequence });
        if (what is >= 30 and < 36) await RepeatAsync(channel, send);
        if (what is >= 36 and < 39) await ContradictAsync(channel, send);
    }

    private RawSend Post(string channel, Random random, bool refused)
    {
        var number = refused ? (int?)null : _numbers[channel] = _numbers.GetValueOrDefault(channel) + 1;
        var entry = _scene.Ledger.Begin(_scene.Ledger.NewId(random), channel, _client.Name, _client.User, number, Scene.Text(_client.User, "writes", random));
        var send = refused ? new RawSend(entry) { Expected = "not_found", ReplyTo = 1_000_000_000 } : new RawSend(entry);
        _lanes[channel].Add(send);
        return send;
    }

    private Task EditAsync(string channel, long sequence, Random random)
    {
        var change = _scene.Ledger.Ask(ChangeKind.Edit, channel, sequence, _client.User, Scene.Text(_client.User, "edits", random));
        return ChangeAsync(change, "edit", new() { ["channel"] = channel, ["sequence"] = sequence, ["text"] = change.Value });
    }

    private async Task ChangeAsync(Change change, string type, Dictionary<string, object?> fields)
    {
        try
        {
            var reply = await (await _client.ConnectionAsync(_giveUp)).RequestAsync(type, fields);
            if (RawConnection.Type(reply) == "ok") change.Confirm(reply.GetProperty("version").GetInt64());
            else if (Codes.IsDefinite(reply.GetProperty("code").GetString()!)) change.Refuse();
            else change.GiveUp(_scene.Ledger.Now);
            _scene.Story.Tell($"{_client.Name} {change.Outcome} {change.Kind} {change.Channel} {change.Sequence} {reply}");
        }
        catch (Exception e) when (e is ConnectionLostException or OperationCanceledException)
        {
            _scene.Story.Tell($"{_client.Name} unknown {change.Kind} {change.Channel} {change.Sequence}: {e.Message}");
        }
    }

    // What a client does whose acknowledgement was lost: nothing may come of it.
    private Task RepeatAsync(string channel, RawSend send) => AskAgainAsync(channel, send, null);

    /// <summary>Another message under the same id must be refused.</summary>
    private Task ContradictAsync(string channel, RawSend send) => AskAgainAsync(channel, send, $"{send.Entry.Text} otherwise");

    private async Task AskAgainAsync(string channel, RawSend send, string? otherText)
    {
        try
        {
            send.Entry.Try();
            var reply = await (await _client.ConnectionAsync(_giveUp)).RequestAsync("publish", send.Fields(channel, otherText));
            if (RawConnection.Type(reply) == "published")
            {
                if (otherText is not null) _scene.Findings.Violate(Check.Phantom, $"{_client.Name}: another message under the id {send.Entry.Id} was acknowledged");
                _scene.Ledger.Acknowledge(send.Entry, reply.GetProperty("sequence").GetInt64(), reply.GetProperty("duplicate").GetBoolean());
                return;
            }

            var code = reply.GetProperty("code").GetString()!;
            var expected = Codes.IsForNow(code) || code == "internal" || (code == "conflict" && otherText is not null);
            _scene.Findings.Require(Check.Duplicate, expected, () => $"{_client.Name}: {send.Entry.Id}, sent again, was refused with {reply}");
        }
        catch (Exception e) when (e is ConnectionLostException or OperationCanceledException)
        {
            // The answer is unknown, and nothing hangs on it.
        }
    }

    private async Task SendCopyAsync(string channel, RawSend send)
    {
        if (_client.ConnectionNow() is not { } link) return;
        try
        {
            send.Entry.Try();
            var reply = await link.RequestAsync("publish", send.Fields(channel));
            if (RawConnection.Type(reply) == "published")
                _scene.Ledger.Acknowledge(send.Entry, reply.GetProperty("sequence").GetInt64(), reply.GetProperty("duplicate").GetBoolean());
        }
        catch (ConnectionLostException)
        {
            // The other copy goes on being sent.
        }
    }
}
