using System.Globalization;
using RealtimeKit.Chaos.Checks;
using RealtimeKit.Chaos.Clients;
using RealtimeKit.Chaos.Faults;
using RealtimeKit.Chaos.History;
using RealtimeKit.Chaos.Nodes;

namespace RealtimeKit.Chaos.Runs;

/// <summary>One run: nodes, clients, the seed's faults, and every check.</summary>
internal sealed class SeedRun(Settings settings, ChaosServers servers)
{
    // What a rolling restart may cost a client.
    private static readonly TimeSpan MostAwayByDrain = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly Findings _findings = new();
    private readonly Story _story = new();
    private readonly Ledger _ledger = new();
    private IReadOnlyDictionary<string, IReadOnlyList<Entry>> _log = new Dictionary<string, IReadOnlyList<Entry>>();

    public async Task<RunResult> RunAsync()
    {
        var folder = Directory.CreateDirectory(Path.Combine(settings.Output, string.Create(
            CultureInfo.InvariantCulture, $"seed-{settings.Seed}-{Guid.NewGuid().ToString("N")[..6]}"))).FullName;
        var episodes = Schedule.Make(settings.Seed, settings.Length, settings.Kinds, settings.Nodes, settings.Clients + settings.RawClients);
        var result = new RunResult { Seed = settings.Seed, Findings = _findings, Faults = [.. episodes.SelectMany(episode => episode.Faults)], Folder = folder };
        _story.Say($"seed {settings.Seed}: {episodes.Count} episodes{(settings.Plant is null ? "" : $", planted: {settings.Plant}")}");
        var program = settings.Own ? NodeProgram.Own(settings.Plant, settings.BrokerIsPostgreSql) : NodeProgram.Sample() ?? NodeProgram.Own(null);
        var cluster = new Cluster(servers, program, settings.Nodes, folder);
        try
        {
            await RunAsync(cluster, episodes, result);
        }
        catch (Exception e) when (e is ConnectionLostException or TimeoutException or InvalidOperationException or HttpRequestException)
        {
            _findings.Violate(Check.Live, $"the run could not go on: {e}");
        }
        finally
        {
            await cluster.DisposeAsync();
        }

        result.Took = _story.Elapsed;
        result.Sends = _ledger.Sends.Count;
        result.Repeated = _ledger.Sends.Count(send => send.Acknowledgements.Any(acknowledgement => acknowledgement.Duplicate));
        result.Complaints = cluster.Nodes.Sum(node => node.Complaints);
        foreach (var line in _findings.Lines()) Console.WriteLine($"           {line}");
        if (_findings.Total == 0) Directory.Delete(folder, recursive: true);
        else await WriteAsync(folder, episodes);
        return result;
    }

    private async Task RunAsync(Cluster cluster, IReadOnlyList<Episode> episodes, RunResult result)
    {
        await cluster.StartAsync();
        var scene = new Scene(_ledger, new Agreement(_findings), _findings, _story, new Pace(settings.Rate / (settings.Clients + settings.RawClients)));
        await using var cast = await Cast.MakeAsync(settings, cluster, scene, $"s{settings.Seed}-{Guid.NewGuid().ToString("N")[..6]}");
        var cookie = await cluster.Nodes[0].SignInAsync(Probe.User);
        await using (var maker = await Probe.OpenAsync(cluster.Nodes[0], cookie)) await maker.CreateAsync(cast.Channels);
        await Task.WhenAll(cast.Participants.Select(one => one.FollowAsync())).WaitAsync(StartLimit);

        var checkpoint = new Checkpoint(settings, cluster, cast, scene, cookie);
        var faults = new FaultRunner(cluster, cast.LinkOf, _story);
        await checkpoint.RunAsync("after the start");
        using var stop = new CancellationTokenSource();
        var working = Task.WhenAll(cast.Participants.Select(one => one.WorkAsync(stop.Token)));
        foreach (var episode in episodes)
        {
            _story.Say($"{episode}");
            await Task.Delay(episode.Lead);
            await faults.RunAsync(episode);
            await checkpoint.RunAsync($"after {episode}", episode.Faults is [{ Kind: FaultKind.NodeDrain }] ? MostAwayByDrain : null);
            (result.LongestLevel, result.LongestPresence) = (checkpoint.LongestLevel, checkpoint.LongestPresence);
        }

        result.Connections = cast.Participants.Sum(one => one.Away.Connections);
        await stop.CancelAsync();
        if (await Task.WhenAny(working, Task.Delay(StartLimit)) == working) await working;
        new EndChecks(_ledger, _findings).Settled();
        await CheckLogAsync(cluster, cast, scene, cookie);
    }

    private async Task CheckLogAsync(Cluster cluster, Cast cast, Scene scene, string cookie)
    {
        // SQLite's one node has its file for itself.
        await using var fresh = settings.Sqlite ? null : await cluster.StartFreshAsync();
        await using var probe = await Probe.OpenAsync(fresh ?? cluster.Nodes[0], cookie);
        var log = new Dictionary<string, IReadOnlyList<Entry>>();
        foreach (var channel in cast.Channels) log[channel] = await probe.HistoryAsync(channel);
        _log = log;
        new LogChecks(_ledger, scene.Agreement, _findings).Run(log);
        new OrderCheck(_ledger, _findings).Run(log);
        new EndChecks(_ledger, _findings).Complete(cast.Participants.SelectMany(one => one.Views).Select(view => view.View), log);
        var random = new Random(Seeds.Derive(settings.Seed, "resume"));
        foreach (var node in cluster.Nodes) await CheckResumeAsync(node, cookie, log, random, scene);
        _story.Say($"{log.Values.Sum(entries => entries.Count)} messages in {log.Count} channels, {_ledger.ChangeCount} changes asked, {cast.Participants.Sum(one => one.Views.Sum(view => view.View.Count))} on screens");
    }

    // What catching up brings after a version is what changed after it, each message once.
    private async Task CheckResumeAsync(ChaosNode node, string cookie, Dictionary<string, IReadOnlyList<Entry>> log, Random random, Scene scene)
    {
        await using var probe = await Probe.OpenAsync(node, cookie);
        foreach (var (channel, entries) in log.Where(_ => random.Next(4) == 0))
        {
            if (entries.Count == 0) continue;
            var after = Math.Max(0, entries[random.Next(entries.Count)].Version - random.Next(2));
            var changes = await probe.ChangesAfterAsync(channel, after);
            var expected = entries.Where(entry => entry.Version > after).OrderBy(entry => entry.Version).Select(entry => entry.Stamp()).ToList();
            var came = changes.Select(entry => entry.Stamp()).ToList();
            foreach (var stamp in came) scene.Agreement.Note(channel, stamp, $"resuming on {node}");
            _findings.Require(
                Check.Complete, came.SequenceEqual(expected),
                () => $"{channel} after version {after} on {node}: {came.Count} changes came of {expected.Count}, such as {came.Except(expected).Concat(expected.Except(came)).FirstOrDefault()}");
        }
    }

    private async Task WriteAsync(string folder, IReadOnlyList<Episode> episodes)
    {
        await File.WriteAllLinesAsync(Path.Combine(folder, "findings.txt"), [
            $"seed {settings.Seed}", $"repeat: {settings.Repeat()}", "", .. episodes.Select(episode => $"{episode.Lead.TotalSeconds:f1} s, then {episode}"), "",
            .. _findings.Lines(), "", .. _findings.Texts]);
        await File.WriteAllLinesAsync(Path.Combine(folder, "history.txt"), _story.Lines);
        await File.WriteAllLinesAsync(Path.Combine(folder, "log.txt"), _log.Values.SelectMany(entries => entries).Select(entry => entry.Describe()));
        await File.WriteAllLinesAsync(Path.Combine(folder, "sends.txt"), _ledger.Sends.OrderBy(send => send.BeganAt).Select(send =>
            $"{send.Channel} {send.Id} {send.Client} {send.Number} began {send.BeganAt} acknowledged {send.AcknowledgedAt} {string.Join(' ', send.Acknowledgements)} refused {send.Refused} attempts {send.Attempts}"));
        Console.WriteLine($"FAILED with seed {settings.Seed}; the history, the log and the nodes' output: {folder}");
        foreach (var text in _findings.Texts.Take(12)) Console.WriteLine($"  {text}");
    }
}

/// <summary>What became of a run.</summary>
internal sealed class RunResult
{
    public required int Seed { get; init; }

    public required Findings Findings { get; init; }

    public required IReadOnlyList<Fault> Faults { get; init; }

    public required string Folder { get; init; }

    public TimeSpan Took { get; set; }

    public int Sends { get; set; }

    /// <summary>How many sends were acknowledged as sent again.</summary>
    public int Repeated { get; set; }

    /// <summary>How often clients connected.</summary>
    public int Connections { get; set; }

    /// <summary>How many failures the nodes logged.</summary>
    public int Complaints { get; set; }

    public TimeSpan LongestLevel { get; set; }

    public TimeSpan LongestPresence { get; set; }
}
