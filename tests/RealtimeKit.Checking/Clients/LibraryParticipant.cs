using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.History;
using RealtimeKit.Client;
using RealtimeKit.Protocol;

namespace RealtimeKit.Checking.Clients;

/// <summary>A client of the .NET client library, which does all the reconnecting, resuming and resending.</summary>
internal sealed class LibraryParticipant : IParticipant
{
    private const int Window = 12;
    private readonly Scene _scene;
    private readonly RealtimeClient _client;
    private readonly IReadOnlyList<string> _channels;
    private readonly Dictionary<string, ReaderView> _views;
    private readonly Dictionary<string, int> _numbers = [];
    private readonly OwnMessages _mine = new();
    private readonly Random _random;
    private readonly bool _pipelines;
    private readonly CancellationTokenSource _reading = new();
    private readonly List<Task> _readers = [];

    public LibraryParticipant(string name, string user, IWay way, IReadOnlyList<string> channels, int seed, bool pipelines, Scene scene)
    {
        (Name, User, _channels, _scene, _random, _pipelines) = (name, user, channels, scene, new Random(seed), pipelines);
        _views = channels.ToDictionary(channel => channel, channel => scene.View(name, channel));
        _client = way.Open(new RealtimeClientOptions
        {
            TimeProvider = scene.Time,
            ConnectTimeout = TimeSpan.FromSeconds(3),
            ReconnectDelay = TimeSpan.FromMilliseconds(200),
            MaxReconnectDelay = TimeSpan.FromSeconds(2),
            RequestTimeout = TimeSpan.FromSeconds(30),
            ReadBuffer = 500,
            LoggerFactory = new ClientLog(name, scene),
        });
        Away = new AwayClock(scene.Time);
        _client.StateChanged += (_, state) =>
        {
            if (state.Status == ConnectionStatus.Connected) Away.Connected();
            else Away.Lost();
        };
    }

    public string Name { get; }

    public string User { get; }

    public bool IsConnected => _client.State.Status == ConnectionStatus.Connected;

    public AwayClock Away { get; }

    public IReadOnlyList<(ReaderView View, long Version)> Views =>
        [.. _channels.Select(channel => (_views[channel], _client.Channel(channel).Cursor?.Version ?? 0))];

    public async Task FollowAsync()
    {
        _ = _client.ConnectAsync();
        foreach (var channel in _channels)
        {
            await _client.Channel(channel).SubscribeAsync(SubscribeOptions.FromStart);
            _readers.Add(ReadAsync(_client.Channel(channel), _views[channel]));
        }
    }

    public async Task WorkAsync(CancellationToken stop)
    {
        var underWay = new Queue<Task>();
        var burst = _pipelines ? Window / 2 : 1;
        while (await _scene.Pace.TurnAsync(_random, burst, stop))
        {
            // A burst goes to one channel, so that windows of the outbox fill.
            var channel = _channels[_random.Next(_channels.Count)];
            for (var i = 0; i < burst; i++)
            {
                underWay.Enqueue(_scene.Pending.Of(ActAsync(channel, _random.Next())));
                while (underWay.Count >= (_pipelines ? Window : 2)) await underWay.Dequeue();
            }
        }

        await Task.WhenAll(underWay);
    }

    public async ValueTask DisposeAsync()
    {
        await _reading.CancelAsync();
        await _client.DisposeAsync();
        await Task.WhenAll(_readers);
        _reading.Dispose();
    }

    private async Task ReadAsync(RealtimeChannel channel, ReaderView view)
    {
        try
        {
            await foreach (var update in channel.ReadAsync(_reading.Token)) Apply(update, view);
            if (!_reading.IsCancellationRequested) _scene.Findings.Violate(Check.Complete, $"{Name}: the stream of {channel.Id} ended");
        }
        catch (OperationCanceledException)
        {
        }
        catch (RealtimeException e)
        {
            _scene.Findings.Violate(Check.Live, $"{Name} was closed: {e.Message}");
        }
    }

    private void Apply(ChannelUpdate update, ReaderView view)
    {
        switch (update)
        {
            case MessagePosted { Message: var message }:
                view.Posted(Entries.From(message));
                break;
            case MessageUpdated { Message: var message }:
                view.Put(Entries.From(message));
                break;
            case ReactionsUpdated change:
                view.React(change.Sequence, change.Version, Entries.From(change.Reactions));
                break;
            case ChannelReset or ChannelRevoked:
                _scene.Findings.Violate(Check.Complete, $"{Name} was told of {view.Channel}: {update}");
                break;
        }
    }

    private async Task ActAsync(string channel, int seed)
    {
        var random = new Random(seed);
        var (first, then) = (random.Next(100), random.Next(100));
        if (first < 15 && _views[channel].Any(random) is { } seen)
        {
            var reaction = $"r{random.Next(4)}";
            var takeBack = random.Next(4) == 0;
            await ChangeAsync(
                _scene.Ledger.Ask(takeBack ? ChangeKind.TakeBack : ChangeKind.React, channel, seen, User, reaction),
                () => _client.Channel(channel).ReactAsync(seen, reaction, takeBack));
            return;
        }

        if (first is >= 15 and < 20 && _mine.Pick(channel, random) is { } old)
        {
            await EditAsync(channel, old, random);
            return;
        }

        if (await SendAsync(channel, random) is not { } sequence) return;
        _mine.Add(channel, sequence);
        for (var edits = then < 12 ? 1 + (then % 2) : 0; edits > 0; edits--)
            await EditAsync(channel, sequence, random);
        if (then is >= 10 and < 16)
            await ChangeAsync(_scene.Ledger.Ask(ChangeKind.Delete, channel, sequence, User, ""), () => _client.Channel(channel).DeleteAsync(sequence));
    }

    private Task EditAsync(string channel, long sequence, Random random)
    {
        var text = Scene.Text(User, "edits", random);
        return ChangeAsync(_scene.Ledger.Ask(ChangeKind.Edit, channel, sequence, User, text), () => _client.Channel(channel).EditAsync(sequence, text));
    }

    private Task<long?> SendAsync(string channel, Random random)
    {
        var number = _numbers[channel] = _numbers.GetValueOrDefault(channel) + 1;
        var message = new OutgoingMessage { Id = new MessageId(_scene.Ledger.NewId(random)), Text = Scene.Text(User, "writes", random) };
        var send = _scene.Ledger.Begin(message.Id.Value, channel, Name, User, number, message.Text);
        return SettleAsync(send, _client.Channel(channel).SendAsync(message));
    }

    private async Task<long?> SettleAsync(Send send, Task<SentMessage> sending)
    {
        try
        {
            var sent = await sending;
            _scene.Ledger.Acknowledge(send, sent.Sequence, sent.Duplicate);
            _scene.Story.Tell($"{Name} acknowledged {send.Channel} {send.Id} as {sent.Sequence}{(sent.Duplicate ? " (duplicate)" : "")}");
            return sent.Sequence;
        }
        catch (RealtimeException e)
        {
            if (Codes.IsDefinite(e.Code) && e.Code != Codes.Muted) send.Refuse(e.Code);
            else send.Abandon();
            _scene.Story.Tell($"{Name} refused {send.Channel} {send.Id}: {e.Message}");
            if (e.Code == ClientErrorCodes.Closed) _scene.Findings.Violate(Check.Live, $"{Name} was closed: {e.Message}");
            return null;
        }
    }

    private async Task ChangeAsync(Change change, Func<Task<long>> request)
    {
        try
        {
            change.Confirm(await request());
            _scene.Story.Tell($"{Name} confirmed {change.Kind} {change.Channel} {change.Sequence} as version {change.Version}");
        }
        catch (Exception e) when (e is RealtimeException or TimeoutException)
        {
            if (e is RealtimeException { Code: var code } && Codes.IsDefinite(code)) change.Refuse();
            else if (e is RealtimeException { Code: ErrorCodes.Unavailable }) change.GiveUp(_scene.Ledger.Now);
            _scene.Story.Tell($"{Name} {change.Outcome} {change.Kind} {change.Channel} {change.Sequence}: {e.Message}");
        }
    }
}
