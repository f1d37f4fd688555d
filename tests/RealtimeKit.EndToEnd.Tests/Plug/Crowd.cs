#pragma warning disable xUnit1051 // Every wait here has its own deadline.
using RealtimeKit.Client;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.Protocol;

namespace RealtimeKit.EndToEnd.Plug;

/// <summary>
/// Many people who talk in many channels over one address, whatever happens behind it, and in the end the judgement of what
/// was stored and what each of them saw.
/// </summary>
internal sealed class Crowd(Uri address, Ledger ledger, Checker checker, Pace pace, Random random) : IAsyncDisposable
{
    private const int ChannelsEach = 3;
    private static readonly TimeSpan RecoveryDeadline = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan MaxReconnectDelay = TimeSpan.FromSeconds(1);

    private readonly FaultRecorder _faults = new(ledger);
    private readonly CancellationTokenSource _reading = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _channels = [];
    private readonly List<Participant> _people = [];
    private readonly List<OutageWatch> _outages = [];
    private Task _working = Task.CompletedTask;

    private Uri Endpoint => new UriBuilder(address) { Scheme = "ws", Path = "/realtime" }.Uri;

    /// <summary>How long each person was without a connection at the longest.</summary>
    public IEnumerable<(string User, TimeSpan Longest)> Outages => _people.Zip(_outages, (person, outage) => (person.User, outage.Longest));

    /// <summary>Brings people into channels that are made for them; others may be named to be judged too.</summary>
    public async Task GatherAsync(int people, int channels, params IEnumerable<string> others)
    {
        _channels.AddRange(Enumerable.Range(0, channels).Select(n => $"plug{n}"));
        var own = _channels.ToList();
        _channels.AddRange(others);
        await using (var maker = await ClientAsync("maker"))
            foreach (var channel in _channels) await maker.CreateAsync(new ChannelDefinition(ChannelKind.Public) { Channel = channel });
        for (var n = 0; n < people; n++)
        {
            var some = Enumerable.Range(0, ChannelsEach).Select(step => own[(n + (step * 3)) % channels]);
            var client = await ClientAsync($"user{n}");
            _outages.Add(new OutageWatch(client));
            _people.Add(new Participant($"user{n}", client, some, pipelines: n % 2 == 0, random.Next(), ledger, pace));
        }

        await Task.WhenAll(_people.Select(person => person.FollowAsync(_reading.Token))).WaitAsync(RecoveryDeadline);
    }

    /// <summary>Begins to talk.</summary>
    public void Begin() => _working = Task.WhenAll(_people.Select(person => person.WorkAsync(_stop.Token)));

    /// <summary>Stops talking, waits until all that was said is settled, and repeats some of it.</summary>
    public async Task EndAsync()
    {
        await _stop.CancelAsync();
        if (await Task.WhenAny(_working, Task.Delay(RecoveryDeadline)) != _working) checker.Fault($"not every message was settled within {RecoveryDeadline}");
        else await _working;
        foreach (var person in _people) await person.RepeatAsync(checker).WaitAsync(RecoveryDeadline);
    }

    /// <summary>Compares what was promised, stored and seen, and returns a line that sums it up.</summary>
    public async Task<string> JudgeAsync()
    {
        await using var reader = await ClientAsync("reader");
        var probe = new ResumeProbe(Endpoint, await ServerProcess.SignInAsync(address, "prober"));
        var stored = 0;
        foreach (var channel in _channels)
        {
            var head = await reader.Channel(channel).SubscribeAsync();
            await UntilAsync(() => Views(channel).All(view => view.View.Version >= head.Version || view.View.Surprise is not null));
            var history = await HistoryAsync(reader.Channel(channel));
            stored += history.Count;
            ledger.Tell($"{channel} has {history.Count} messages at version {head.Version}");
            checker.CheckStored(channel, history);
            foreach (var (user, view) in Views(channel)) checker.CheckSeen(user, view, history);
            var changed = history.Select(message => message.Version).ToList();
            if (changed.Count == 0) continue;
            // Just before a change, at it, at the end and at the beginning.
            var one = changed[random.Next(changed.Count)];
            foreach (var after in new[] { 0, one - 1, one, head.Version - 1, head.Version }.Where(version => version >= 0).Distinct())
                checker.CheckResume(channel, after, await probe.ChangesAfterAsync(channel, after), history);
        }

        foreach (var fault in _faults.Faults) checker.Fault($"a client had to make good: {fault}");
        var duplicates = ledger.Postings.Count(posting => posting.Acknowledged is { Duplicate: true });
        return $"{stored} messages stored, {duplicates} of them acknowledged as sent again, "
            + $"{_people.Sum(person => person.Views.Sum(view => view.Posted.Count))} seen by readers, {checker.Faults.Count} faults";
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading.CancelAsync();
        foreach (var person in _people) await person.DisposeAsync();
        _faults.Dispose();
    }

    private IEnumerable<(string User, ChannelView View)> Views(string channel) =>
        _people.SelectMany(person => person.Views.Where(view => view.Channel == channel).Select(view => (person.User, view)));

    private async Task<RealtimeClient> ClientAsync(string user)
    {
        var cookie = await ServerProcess.SignInAsync(address, user);
        var client = new RealtimeClient(Endpoint, new RealtimeClientOptions
        {
            ConfigureWebSocket = socket => socket.SetRequestHeader("Cookie", cookie),
            ReconnectDelay = TimeSpan.FromMilliseconds(100),
            MaxReconnectDelay = MaxReconnectDelay,
            ReadBuffer = 200,
            LoggerFactory = _faults,
        });
        _ = client.ConnectAsync();
        return client;
    }

    private static async Task<List<Message>> HistoryAsync(RealtimeChannel channel)
    {
        var messages = new List<Message>();
        while (true)
        {
            var page = await channel.HistoryAsync(new HistoryOptions { After = messages.LastOrDefault()?.Sequence ?? 0, Limit = 200 });
            messages.AddRange(page.Messages);
            if (!page.More) return messages;
        }
    }

    // A reader that does not get there is a finding of the checker, not an exception here.
    private static async Task UntilAsync(Func<bool> condition)
    {
        var begin = TimeProvider.System.GetTimestamp();
        while (!condition() && TimeProvider.System.GetElapsedTime(begin) < RecoveryDeadline) await Task.Delay(20);
    }
}
