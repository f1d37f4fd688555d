#pragma warning disable xUnit1051 // Every wait here has its own deadline.
using System.Globalization;
using RealtimeKit.Client;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Plug;

/// <summary>
/// The promise, put to the test: a server under load is killed without warning again and again, its clients are left
/// alone, and in the end nothing that was acknowledged is lost, doubled or out of order, for anybody.
/// </summary>
[Collection(nameof(AloneCollection))]
public sealed class PlugTests(ITestOutputHelper output)
{
    private const int People = 20;
    private const int Channels = 10;
    private const int ChannelsEach = 3;
    private const int Kills = 20;
    private static readonly TimeSpan RecoveryDeadline = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Nothing_acknowledged_is_lost_doubled_or_out_of_order_when_the_plug_is_pulled()
    {
        var seed = Environment.GetEnvironmentVariable("PLUG_SEED") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        Say($"PLUG_SEED={seed}");
        var ledger = new Ledger();
        var checker = new Checker(ledger);
        await using var server = new QuickStartProcess();
        try
        {
            await RunAsync(server, new Random(seed), ledger, checker);
        }
        catch (Exception e) when (e is RealtimeException or TimeoutException or InvalidOperationException or HttpRequestException)
        {
            checker.Fault($"The test itself could not go on: {e}");
        }

        if (checker.Faults.Count == 0) return;
        var file = Path.Combine(Path.GetTempPath(), $"plug-test-{seed}.txt");
        await File.WriteAllLinesAsync(file, [$"PLUG_SEED={seed}", .. checker.Faults, "", .. ledger.Story, "", server.Output]);
        Assert.Fail($"{checker.Faults.Count} faults with PLUG_SEED={seed}; all of them and what happened: {file}\n"
            + string.Join('\n', checker.Faults.Take(10)));
    }

    private async Task RunAsync(QuickStartProcess server, Random random, Ledger ledger, Checker checker)
    {
        await server.InitializeAsync();
        using var faults = new FaultRecorder(ledger);
        using var pace = new Pace();
        using var reading = new CancellationTokenSource();
        var channels = Enumerable.Range(0, Channels).Select(n => $"plug{n}").ToList();
        const string pulled = "pulled";
        await using (var maker = await ClientAsync(server, "maker", faults))
            foreach (var channel in channels.Append(pulled)) await maker.CreateAsync(new ChannelDefinition(ChannelKind.Public) { Channel = channel });

        var people = new List<Participant>();
        for (var n = 0; n < People; n++)
        {
            var own = Enumerable.Range(0, ChannelsEach).Select(step => channels[(n + (step * 3)) % Channels]);
            people.Add(new Participant($"user{n}", await ClientAsync(server, $"user{n}", faults), own, pipelines: n % 2 == 0, random.Next(), ledger, pace));
        }

        await Task.WhenAll(people.Select(person => person.FollowAsync(reading.Token))).WaitAsync(RecoveryDeadline);
        var puller = new Puller(server, ledger, pulled);
        using var stop = new CancellationTokenSource();
        var working = Task.WhenAll(people.Select(person => person.WorkAsync(stop.Token)));
        for (var kill = 1; kill <= Kills; kill++)
        {
            await Task.Delay(random.Next(300, 2_500));
            ledger.Tell($"kill {kill}");
            if (kill % 2 == 0)
            {
                await puller.PullAsync(random).WaitAsync(RecoveryDeadline);
            }
            else
            {
                pace.Surge();
                await Task.Delay(random.Next(50, 250));
                await server.KillAsync();
                pace.Calm();
            }

            await Task.Delay(random.Next(300));
            await server.StartAsync();
            ledger.Tell($"started again after kill {kill}");
        }

        await Task.Delay(1_000);
        await stop.CancelAsync();
        if (await Task.WhenAny(working, Task.Delay(RecoveryDeadline)) != working) checker.Fault($"not every message was settled within {RecoveryDeadline}");
        else await working;
        foreach (var person in people) await person.RepeatAsync(checker).WaitAsync(RecoveryDeadline);
        await CheckAsync(server, people, [.. channels, pulled], random, ledger, checker, faults);
        await reading.CancelAsync();
        foreach (var person in people) await person.DisposeAsync();
    }

    private async Task CheckAsync(
        QuickStartProcess server, List<Participant> people, List<string> channels, Random random, Ledger ledger, Checker checker, FaultRecorder faults)
    {
        await using var reader = await ClientAsync(server, "reader", faults);
        var probe = new ResumeProbe(server.Endpoint, await server.SignInAsync("prober"));
        var stored = 0;
        foreach (var channel in channels)
        {
            var head = await reader.Channel(channel).SubscribeAsync();
            await UntilAsync(() => people.SelectMany(person => person.Views).All(view => view.Channel != channel || view.Version >= head.Version || view.Surprise is not null));
            var history = await HistoryAsync(reader.Channel(channel));
            stored += history.Count;
            ledger.Tell($"{channel} has {history.Count} messages at version {head.Version}");
            checker.CheckStored(channel, history);
            foreach (var person in people)
                foreach (var view in person.Views.Where(view => view.Channel == channel)) checker.CheckSeen(person.User, view, history);
            var changed = history.Select(message => message.Version).ToList();
            if (changed.Count == 0) continue;
            // Just before a change, at it, at the end and at the beginning.
            var one = changed[random.Next(changed.Count)];
            foreach (var after in new[] { 0, one - 1, one, head.Version - 1, head.Version }.Where(version => version >= 0).Distinct())
                checker.CheckResume(channel, after, await probe.ChangesAfterAsync(channel, after), history);
        }

        foreach (var fault in faults.Faults) checker.Fault($"a client had to make good: {fault}");
        var duplicates = ledger.Postings.Count(posting => posting.Acknowledged is { Duplicate: true });
        Say($"{Kills} kills, {stored} messages stored, {duplicates} of them acknowledged as sent again, "
            + $"{people.Sum(person => person.Views.Sum(view => view.Posted.Count))} seen by readers, {checker.Faults.Count} faults");
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

    private static async Task<RealtimeClient> ClientAsync(QuickStartProcess server, string user, FaultRecorder faults)
    {
        var cookie = await server.SignInAsync(user);
        var client = new RealtimeClient(server.Endpoint, new RealtimeClientOptions
        {
            ConfigureWebSocket = socket => socket.SetRequestHeader("Cookie", cookie),
            ReconnectDelay = TimeSpan.FromMilliseconds(100),
            MaxReconnectDelay = TimeSpan.FromSeconds(1),
            ReadBuffer = 200,
            LoggerFactory = faults,
        });
        _ = client.ConnectAsync();
        return client;
    }

    // A reader that does not get there is a finding of the checker, not an exception here.
    private static async Task UntilAsync(Func<bool> condition)
    {
        var begin = TimeProvider.System.GetTimestamp();
        while (!condition() && TimeProvider.System.GetElapsedTime(begin) < RecoveryDeadline) await Task.Delay(20);
    }

    private void Say(string line)
    {
        output.WriteLine(line);
        Console.WriteLine(line);
    }
}
