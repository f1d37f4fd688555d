using System.Text.Json;
using RealtimeKit.Chaos.Checks;
using RealtimeKit.Chaos.History;

namespace RealtimeKit.Chaos.Clients;

/// <summary>
/// A client written to the protocol's page and nothing else: it connects, resumes each channel after its cursor, sends in
/// windows and again by id. What a node does wrong it does not make good but reports.
/// </summary>
internal sealed class RawParticipant : IParticipant
{
    private readonly Scene _scene;
    private readonly Uri _endpoint;
    private readonly string _cookie;
    private readonly IReadOnlyList<string> _channels;
    private readonly Dictionary<string, CursorView> _views;
    private readonly Dictionary<string, RawLane> _lanes;
    private readonly Dictionary<string, int> _numbers = [];
    private readonly OwnMessages _mine = new();
    private readonly Random _random;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource<RawConnection> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;

    public RawParticipant(string name, string user, int port, string cookie, IReadOnlyList<string> channels, int seed, Scene scene)
    {
        (Name, User, _cookie, _channels, _scene, _random) = (name, user, cookie, channels, scene, new Random(seed));
        _endpoint = new Uri($"ws://127.0.0.1:{port}/realtime");
        _views = channels.ToDictionary(channel => channel, channel => new CursorView(scene.View(name, channel), scene.Findings));
        _lanes = channels.ToDictionary(channel => channel, channel => new RawLane(channel, name, ConnectionAsync, scene, _random.Next()));
    }

    public string Name { get; }

    public string User { get; }

    public bool IsConnected
    {
        get
        {
            lock (_gate) return _connected.Task.IsCompleted;
        }
    }

    public AwayClock Away { get; } = new();

    public IReadOnlyList<(ReaderView View, long Version)> Views => [.. _channels.Select(channel => (_views[channel].View, _views[channel].Version))];

    /// <summary>Lets it send copies through another client of the same user.</summary>
    public void Copy(RawParticipant twin)
    {
        foreach (var lane in _lanes.Values) lane.SendCopyAsync = twin.SendCopyAsync;
    }

    public async Task FollowAsync()
    {
        _running = RunAsync();
        await ConnectionAsync(_stopping.Token);
    }

    public async Task WorkAsync(CancellationToken stop)
    {
        var lanes = _lanes.Values.Select(lane => lane.RunAsync(stop, _stopping.Token)).ToList();
        var underWay = new Queue<Task>();
        while (await _scene.Pace.TurnAsync(_random, 4, stop))
        {
            var channel = _channels[_random.Next(_channels.Count)];
            for (var i = 0; i < 4; i++)
            {
                underWay.Enqueue(_scene.Pending.Of(ActAsync(channel, new Random(_random.Next()))));
                while (underWay.Count >= 16) await underWay.Dequeue();
            }
        }

        await Task.WhenAll(underWay);
        await Task.WhenAll(lanes);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private Task<RawConnection> ConnectionAsync(CancellationToken cancellationToken)
    {
        lock (_gate) return _connected.Task.WaitAsync(cancellationToken);
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var link = await RawConnection.OpenAsync(_endpoint, _cookie, Take);
                _scene.Story.Tell($"{Name} connected");
                await UseAsync(link);
                _scene.Story.Tell($"{Name} lost its connection");
                link.Dispose();
            }
            catch (ConnectionLostException e)
            {
                _scene.Story.Tell($"{Name} could not connect: {e.Message}");
            }

            await Task.Delay(_random.Next(50, 800), _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task UseAsync(RawConnection link)
    {
        using var stopped = _stopping.Token.Register(() => _ = link.AbortAsync());
        try
        {
            foreach (var channel in _channels) await SubscribeAsync(link, channel);
            Away.Connected();
            lock (_gate) _connected.TrySetResult(link);
        }
        catch (ConnectionLostException)
        {
            await link.AbortAsync();
        }

        await link.Running;
        Away.Lost();
        lock (_gate)
            if (_connected.Task.IsCompleted) _connected = new TaskCompletionSource<RawConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private async Task SubscribeAsync(RawConnection link, string channel)
    {
        while (true)
        {
            var view = _views[channel];
            var fields = new Dictionary<string, object?> { ["channel"] = channel, ["after"] = view.Version };
            if (view.Epoch is not null) fields["epoch"] = view.Epoch;
            var reply = await link.RequestAsync("subscribe", fields);
            if (RawConnection.Type(reply) == "subscribed") return;
            var code = reply.GetProperty("code").GetString()!;
            if (!Codes.IsForNow(code))
            {
                _scene.Findings.Violate(Check.Complete, $"{Name} stands at version {view.Version} of {channel} and was refused with {reply}");
                await Task.Delay(1_000, CancellationToken.None);
            }

            await Task.Delay(_random.Next(50, 300), CancellationToken.None);
        }
    }

    // Called by the receiving side, one frame after another.
    private void Take(RawConnection link, string type, JsonElement frame)
    {
        switch (type)
        {
            case "subscribed":
                _views[Channel(frame)].Begin(frame.GetProperty("epoch").GetString()!, frame.GetProperty("version").GetInt64());
                break;
            case "event":
                TakeEvent(_views[Channel(frame)], frame);
                break;
            case "changes":
                _views[Channel(frame)].Changes(
                    Entries.ListFromJson(frame), frame.GetProperty("version").GetInt64(), frame.TryGetProperty("more", out var more) && more.GetBoolean());
                break;
            case "reconnect":
                _ = MoveAsync(link, frame.GetProperty("within").GetDouble());
                break;
            case "revoked" or "error":
                _scene.Findings.Violate(Check.Complete, $"{Name} was told {frame}");
                break;
        }
    }

    private static void TakeEvent(CursorView view, JsonElement frame)
    {
        var version = frame.GetProperty("version").GetInt64();
        var kind = frame.GetProperty("kind").GetString();
        if (kind == "reacted") view.Event(version, null, (frame.GetProperty("sequence").GetInt64(), Entries.ReactionsFromJson(frame)), isNew: false);
        else view.Event(version, Entries.FromJson(frame.GetProperty("message")), null, isNew: kind == "posted");
    }

    private async Task MoveAsync(RawConnection link, double within)
    {
        // What is under way may be answered meanwhile; what is not goes again from the next connection.
        await Task.Delay(TimeSpan.FromMilliseconds(within * _random.NextDouble()), link.Ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await link.AbortAsync();
    }

    private async Task ActAsync(string channel, Random random)
    {
        var what = random.Next(100);
        if (what < 12 && _views[channel].View.Any(random) is { } seen)
        {
            var takeBack = random.Next(4) == 0;
            var change = _scene.Ledger.Ask(takeBack ? ChangeKind.TakeBack : ChangeKind.React, channel, seen, User, $"r{random.Next(4)}");
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
            await ChangeAsync(_scene.Ledger.Ask(ChangeKind.Delete, channel, sequence, User, ""), "delete", new() { ["channel"] = channel, ["sequence"] = sequence });
        if (what is >= 30 and < 36) await RepeatAsync(channel, send);
        if (what is >= 36 and < 39) await ContradictAsync(channel, send);
    }

    private RawSend Post(string channel, Random random, bool refused)
    {
        var number = refused ? (int?)null : _numbers[channel] = _numbers.GetValueOrDefault(channel) + 1;
        var entry = _scene.Ledger.Begin(Guid.CreateVersion7(), channel, Name, User, number, Scene.Text(User, "writes", random));
        var send = refused ? new RawSend(entry) { Expected = "not_found", ReplyTo = 1_000_000_000 } : new RawSend(entry);
        _lanes[channel].Add(send);
        return send;
    }

    private Task EditAsync(string channel, long sequence, Random random)
    {
        var change = _scene.Ledger.Ask(ChangeKind.Edit, channel, sequence, User, Scene.Text(User, "edits", random));
        return ChangeAsync(change, "edit", new() { ["channel"] = channel, ["sequence"] = sequence, ["text"] = change.Value });
    }

    private async Task ChangeAsync(Change change, string type, Dictionary<string, object?> fields)
    {
        try
        {
            var reply = await (await ConnectionAsync(_stopping.Token)).RequestAsync(type, fields);
            if (RawConnection.Type(reply) == "ok") change.Confirm(reply.GetProperty("version").GetInt64());
            else if (Codes.IsDefinite(reply.GetProperty("code").GetString()!)) change.Refuse();
            _scene.Story.Tell($"{Name} {change.Outcome} {change.Kind} {change.Channel} {change.Sequence} {reply}");
        }
        catch (Exception e) when (e is ConnectionLostException or OperationCanceledException)
        {
            _scene.Story.Tell($"{Name} unknown {change.Kind} {change.Channel} {change.Sequence}: {e.Message}");
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
            var reply = await (await ConnectionAsync(_stopping.Token)).RequestAsync("publish", send.Fields(channel, otherText));
            if (RawConnection.Type(reply) == "published")
            {
                if (otherText is not null) _scene.Findings.Violate(Check.Phantom, $"{Name}: another message under the id {send.Entry.Id} was acknowledged");
                _scene.Ledger.Acknowledge(send.Entry, reply.GetProperty("sequence").GetInt64(), reply.GetProperty("duplicate").GetBoolean());
                return;
            }

            var code = reply.GetProperty("code").GetString()!;
            var expected = Codes.IsForNow(code) || code == "internal" || (code == "conflict" && otherText is not null);
            _scene.Findings.Require(Check.Duplicate, expected, () => $"{Name}: {send.Entry.Id}, sent again, was refused with {reply}");
        }
        catch (Exception e) when (e is ConnectionLostException or OperationCanceledException)
        {
            // The answer is unknown, and nothing hangs on it.
        }
    }

    private async Task SendCopyAsync(string channel, RawSend send)
    {
        RawConnection? link;
        lock (_gate) link = _connected.Task.IsCompletedSuccessfully ? ConnectionNow() : null;
        if (link is null) return;
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

#pragma warning disable RS0030 // It is completed.
    private RawConnection ConnectionNow() => _connected.Task.Result;
#pragma warning restore RS0030

    private static string Channel(JsonElement frame) => frame.GetProperty("channel").GetString()!;
}
