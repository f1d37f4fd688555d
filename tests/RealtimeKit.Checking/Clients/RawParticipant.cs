using System.Text.Json;
using RealtimeKit.Checking.Checks;

namespace RealtimeKit.Checking.Clients;

/// <summary>
/// A client written to the protocol's page and nothing else: it connects, and resumes each channel after its cursor. What a
/// node does wrong it does not make good but reports. What it sends is in <see cref="RawHand"/>.
/// </summary>
internal sealed class RawParticipant : IParticipant
{
    private readonly Scene _scene;
    private readonly IWay _way;
    private readonly IReadOnlyList<string> _channels;
    private readonly Dictionary<string, CursorView> _views;
    private readonly RawHand _hand;
    private readonly Random _random;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource<RawConnection> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;

    public RawParticipant(string name, string user, IWay way, IReadOnlyList<string> channels, int seed, Scene scene, bool takesLateForOld = false)
    {
        (Name, User, _way, _channels, _scene, _random) = (name, user, way, channels, scene, new Random(seed));
        Away = new AwayClock(scene.Time);
        _views = channels.ToDictionary(channel => channel, channel => new CursorView(scene.View(name, channel), scene.Findings, takesLateForOld));
        _hand = new RawHand(this, channels, _random.Next(), scene);
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

    public AwayClock Away { get; }

    /// <summary>Any message that it shows.</summary>
    public long? AnySeen(string channel, Random random) => _views[channel].View.Any(random);

    public IReadOnlyList<(ReaderView View, long Version)> Views => [.. _channels.Select(channel => (_views[channel].View, _views[channel].Version))];

    /// <summary>Lets it send copies through another client of the same user.</summary>
    public void Copy(RawParticipant twin) => _hand.Copy(twin._hand);

    public async Task FollowAsync()
    {
        _running = RunAsync();
        await ConnectionAsync(_stopping.Token);
    }

    public Task WorkAsync(CancellationToken stop) => _hand.WorkAsync(stop, _stopping.Token);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    /// <summary>The present connection, or the next.</summary>
    public Task<RawConnection> ConnectionAsync(CancellationToken cancellationToken)
    {
        lock (_gate) return _connected.Task.WaitAsync(cancellationToken);
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var link = await RawConnection.OpenAsync(_way.ConnectAsync, _scene.Time, Take);
                _scene.Story.Tell($"{Name} connected");
                await UseAsync(link);
                _scene.Story.Tell($"{Name} lost its connection");
                link.Dispose();
            }
            catch (ConnectionLostException e)
            {
                _scene.Story.Tell($"{Name} could not connect: {e.Message}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(50, 800)), _scene.Time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
                await Task.Delay(TimeSpan.FromSeconds(1), _scene.Time, CancellationToken.None);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(50, 300)), _scene.Time, CancellationToken.None);
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
        await Task.Delay(TimeSpan.FromMilliseconds(within * _random.NextDouble()), _scene.Time, link.Ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await link.AbortAsync();
    }

#pragma warning disable RS0030 // It is completed.
    /// <summary>The present connection, if there is one.</summary>
    public RawConnection? ConnectionNow()
    {
        lock (_gate) return _connected.Task.IsCompletedSuccessfully ? _connected.Task.Result : null;
    }
#pragma warning restore RS0030

    private static string Channel(JsonElement frame) => frame.GetProperty("channel").GetString()!;
}
