using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Clients;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.Files;
using RealtimeKit.Checking.History;
using RealtimeKit.Checking.Inboxes;

namespace RealtimeKit.Checking.Runs;

/// <summary>One trial: clients work in a world while the seed's faults come and go, and then everything is checked.</summary>
/// <param name="settings">What it is.</param>
/// <param name="world">What it runs in.</param>
/// <param name="prefix">What its channels' names begin with.</param>
/// <param name="story">Where every step goes.</param>
internal sealed class Trial(TrialSettings settings, IWorld world, string prefix, Story story)
{
    // What a rolling restart may cost a client.
    private static readonly TimeSpan MostAwayByDrain = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    public Findings Findings { get; } = new();

    public Ledger Ledger { get; } = new(world.Time.GetTimestamp);

    /// <summary>Everything that is stored, once it was read.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Entry>> Log { get; private set; } = new Dictionary<string, IReadOnlyList<Entry>>();

    /// <summary>How often clients connected.</summary>
    public int Connections { get; private set; }

    /// <summary>The longest that anything took from a healing on.</summary>
    public TimeSpan LongestLevel { get; private set; }

    public TimeSpan LongestPresence { get; private set; }

    /// <summary>How many sends were acknowledged as sent again.</summary>
    public int Repeated => Ledger.Sends.Count(send => send.Acknowledgements.Any(acknowledgement => acknowledgement.Duplicate));

    public async Task RunAsync(IReadOnlyList<Episode> episodes)
    {
        try
        {
            await RunAllAsync(episodes);
        }
        catch (Exception e) when (e is ConnectionLostException or TimeoutException or InvalidOperationException or HttpRequestException)
        {
            Findings.Violate(Check.Live, $"the run could not go on: {e}");
        }
    }

    private async Task RunAllAsync(IReadOnlyList<Episode> episodes)
    {
        await world.StartAsync();
        var pace = new Pace(settings.Rate / (settings.Clients + settings.RawClients), world.Time);
        var scene = new Scene(Ledger, new Agreement(Findings), Findings, story, pace, world.Time);
        await using var cast = await Cast.MakeAsync(settings, world, scene, prefix);
        await using (var maker = await Probe.OpenAsync(world.Nodes[0], world.Time)) await maker.CreateAsync(cast.Channels);
        await Task.WhenAll(cast.Participants.Select(one => one.FollowAsync())).WaitAsync(StartLimit, world.Time);

        await using var removals = await cast.MakeRemovalsAsync(world, scene, prefix);
        if (removals is not null) await removals.FollowAsync().WaitAsync(StartLimit, world.Time);
        await using var moderator = await cast.MakeModeratorAsync(world, scene);
        await using var inboxes = await InboxParty.MakeAsync(settings, world, scene, cast.Channels, prefix, cast.Participants.Count + 1);
        await using var files = await FileParty.MakeAsync(settings, world, scene, prefix, cast.Participants.Count + 100);
        if (inboxes is not null) await inboxes.FollowAsync().WaitAsync(StartLimit, world.Time);
        if (files is not null) await files.FollowAsync().WaitAsync(StartLimit, world.Time);
        var checkpoint = new Checkpoint(settings, world, cast, scene, inboxes, files);
        await checkpoint.RunAsync("after the start");
        using var stop = new CancellationTokenSource();
        IEnumerable<Task> others =
        [
            settings.Moderates ? moderator.WorkAsync(stop.Token) : Task.CompletedTask, removals?.WorkAsync(stop.Token) ?? Task.CompletedTask, inboxes?.WorkAsync(stop.Token) ?? Task.CompletedTask, files?.WorkAsync(stop.Token) ?? Task.CompletedTask,
        ];
        var working = Task.WhenAll(cast.Participants.Select(one => one.WorkAsync(stop.Token)).Concat(others));
        var clients = cast.Participants.Count;
        foreach (var episode in episodes)
        {
            story.Say($"{episode}");
            await using var crowd = await Crowd.MakeAsync(settings, world, cast, scene, episode, clients);
            if (crowd is not null) clients += settings.CrowdSize;
            await Task.WhenAll(world.RunAsync(episode), crowd?.RunAsync(episode) ?? Task.CompletedTask);
            await checkpoint.RunAsync($"after {episode}", episode.Faults is [{ Kind: FaultKind.NodeDrain }] ? MostAwayByDrain : null);
            (LongestLevel, LongestPresence) = (checkpoint.LongestLevel, checkpoint.LongestPresence);
        }

        Connections = cast.Participants.Sum(one => one.Away.Connections);
        await stop.CancelAsync();
        if (await Task.WhenAny(working, Task.Delay(StartLimit, world.Time)) == working) await working;
        new EndChecks(Ledger, Findings).Settled();
        moderator.FreeFromOrder();
        await CheckLogAsync(cast, scene);
        if (Log.Count > 0) moderator.Check(Log);
        removals?.Check();
        if (files is not null) await files.CheckEndAsync();
    }

    private async Task CheckLogAsync(Cast cast, Scene scene)
    {
        var fresh = await world.StartFreshAsync();
        await using var probe = await Probe.OpenAsync(fresh ?? world.Nodes[0], world.Time);
        var log = new Dictionary<string, IReadOnlyList<Entry>>();
        foreach (var channel in cast.Channels) log[channel] = await probe.HistoryAsync(channel);
        Log = log;
        new LogChecks(Ledger, scene.Agreement, Findings, settings.GivenUpIsOver).Run(log);
        new OrderCheck(Ledger, Findings).Run(log);
        new EndChecks(Ledger, Findings).Complete(cast.Participants.SelectMany(one => one.Views).Select(view => view.View), log);
        var random = new Random(Seeds.Derive(settings.Seed, "resume"));
        foreach (var node in world.Nodes) await CheckResumeAsync(node, log, random, scene);
        story.Say($"{log.Values.Sum(entries => entries.Count)} messages in {log.Count} channels, {Ledger.ChangeCount} changes asked, {cast.Participants.Sum(one => one.Views.Sum(view => view.View.Count))} on screens");
    }

    // What catching up brings after a version is what changed after it, each message once.
    private async Task CheckResumeAsync(IWorldNode node, Dictionary<string, IReadOnlyList<Entry>> log, Random random, Scene scene)
    {
        await using var probe = await Probe.OpenAsync(node, world.Time);
        foreach (var (channel, entries) in log.Where(_ => random.Next(4) == 0))
        {
            if (entries.Count == 0) continue;
            var after = Math.Max(0, entries[random.Next(entries.Count)].Version - random.Next(2));
            var changes = await probe.ChangesAfterAsync(channel, after);
            var expected = entries.Where(entry => entry.Version > after).OrderBy(entry => entry.Version).Select(entry => entry.Stamp()).ToList();
            var came = changes.Select(entry => entry.Stamp()).ToList();
            foreach (var stamp in came) scene.Agreement.Note(channel, stamp, $"resuming on {node}");
            Findings.Require(
                Check.Complete, came.SequenceEqual(expected),
                () => $"{channel} after version {after} on {node}: {came.Count} changes came of {expected.Count}, such as {came.Except(expected).Concat(expected.Except(came)).FirstOrDefault()}");
        }
    }
}
