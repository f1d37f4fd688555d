using System.Globalization;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Clients;
using RealtimeKit.Checking.Files;
using RealtimeKit.Checking.Inboxes;

namespace RealtimeKit.Checking.Runs;

/// <summary>
/// After healing: the load pauses, everybody must be connected and level, everything answered and every inbox right within 10 s, and within
/// <see cref="TrialSettings.PresenceLimit"/> every node must report the same users as present, and they must be. Every file of a message is whole.
/// </summary>
internal sealed class Checkpoint(TrialSettings settings, IWorld world, Cast cast, Scene scene, InboxParty? inboxes, FileParty? files)
{
    private static readonly TimeSpan LevelLimit = TimeSpan.FromSeconds(10);
    // How much longer it is looked at, for the report, once a limit has passed.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest that anything took from the healing on.</summary>
    public TimeSpan LongestLevel { get; private set; }

    public TimeSpan LongestPresence { get; private set; }

    /// <param name="after">What was healed, for the report.</param>
    /// <param name="mostAway">How long a client may have been without a connection, where that is promised.</param>
    public async Task RunAsync(string after, TimeSpan? mostAway = null)
    {
        var healed = world.Time.GetTimestamp();
        scene.Pace.Pause();
        foreach (var node in world.Nodes) scene.Findings.Require(Check.Live, !node.Died, () => $"{node} ended by itself {after}");
        await UntilAsync(healed, LevelLimit, Check.Live, after, () => cast.Participants.Where(one => !one.IsConnected).Select(one => $"{one.Name} is not connected"));
        await UntilAsync(healed, LevelLimit, Check.Live, after, () => scene.Pending.Count == 0 ? [] : [$"{scene.Pending.Count} requests are not answered"]);
        var away = CheckAway(mostAway, after);
        var others = Task.WhenAll(CheckInboxesAsync(healed, after), files?.CheckMessagesAsync(after) ?? Task.CompletedTask);
        var probes = await Task.WhenAll(world.Nodes.Select(node => Probe.OpenAsync(node, world.Time)));
        var heads = await AgreedHeadsAsync(healed, after, probes);
        var level = await UntilAsync(healed, LevelLimit, Check.Complete, after, () => Behind(heads));
        LongestLevel = Longer(LongestLevel, level);

        var expected = cast.Presence();
        IReadOnlyList<string> differences = [];
        var presence = await UntilAsync(healed, settings.PresenceLimit, Check.Presence, after, () => differences, async () =>
        {
            var pictures = await Task.WhenAll(probes.Select(probe => probe.PresenceAsync(cast.Channels)));
            differences = [.. pictures.SelectMany((picture, node) => expected.Differences(picture).Select(difference => $"node {node}: {difference}"))];
        });
        scene.Findings.Count(Check.Presence, (long)expected.Count * probes.Length);
        LongestPresence = Longer(LongestPresence, presence);
        foreach (var probe in probes) await probe.DisposeAsync();
        await others;
        scene.Story.Say(string.Create(
            CultureInfo.InvariantCulture, $"  level {level.TotalSeconds:f1} s after healing, presence {presence.TotalSeconds:f1} s, longest away {away.TotalSeconds:f1} s; {scene.Ledger.Sends.Count} sends, {scene.Findings.Total} violations"));
        scene.Pace.Resume();
    }

    private async Task CheckInboxesAsync(long healed, string after)
    {
        if (inboxes is null) return;
        IReadOnlyList<string> differences = [];
        await UntilAsync(healed, LevelLimit, Check.Inbox, after, () => differences, LookAsync);
        await inboxes.ChangeQuietlyAsync();
        await UntilAsync(world.Time.GetTimestamp(), LevelLimit, Check.Inbox, $"{after}, and after blocks", () => differences, LookAsync);

        async Task LookAsync() => differences = await inboxes.FindDifferencesAsync();
    }

    private TimeSpan CheckAway(TimeSpan? most, string after)
    {
        var longest = TimeSpan.Zero;
        foreach (var one in cast.Participants)
        {
            var away = one.Away.TakeLongest();
            longest = Longer(longest, away);
            if (most is not null)
                scene.Findings.Require(Check.Live, away <= most * settings.Slack, () => $"{one.Name} was away for {away.TotalSeconds:f1} s {after}");
        }

        return longest;
    }

    // Nothing is under way: what one node has every node must have. What the store took and could not say is found by the next repair.
    private async Task<Dictionary<string, long>> AgreedHeadsAsync(long healed, string after, Probe[] probes)
    {
        Dictionary<string, long> heads = [];
        IReadOnlyList<string> differences = [];
        await UntilAsync(healed, LevelLimit, Check.Agreement, after, () => differences, async () =>
        {
            heads = await probes[0].HeadsAsync(cast.Channels);
            var others = await Task.WhenAll(probes.Skip(1).Select(probe => probe.HeadsAsync(cast.Channels)));
            differences = [.. others.SelectMany(other => other.Where(head => head.Value != heads[head.Key])
                .Select(head => $"{head.Key} is at version {heads[head.Key]} and at {head.Value} on another node"))];
        });
        scene.Findings.Count(Check.Agreement, (long)heads.Count * (probes.Length - 1));
        return heads;
    }

    private IEnumerable<string> Behind(Dictionary<string, long> heads) => cast.Participants.SelectMany(one => one.Views
        .Where(view => view.Version < heads[view.View.Channel])
        .Select(view => $"{one.Name} has version {view.Version} of {heads[view.View.Channel]} in {view.View.Channel}"));

    private async Task<TimeSpan> UntilAsync(
        long healed, TimeSpan limit, Check check, string after, Func<IEnumerable<string>> wrong, Func<Task>? look = null)
    {
        var told = false;
        scene.Findings.Count(check);
        while (true)
        {
            if (look is not null) await look();
            var elapsed = world.Time.GetElapsedTime(healed);
            var now = wrong().ToList();
            if (now.Count == 0)
            {
                if (told) scene.Story.Say($"  {Findings.Name(check)} was good after {elapsed}");
                return elapsed;
            }

            if (elapsed > limit * settings.Slack && !told)
            {
                told = true;
                foreach (var one in now.Take(8)) scene.Findings.Violate(check, $"{elapsed.TotalSeconds:f1} s {after}: {one}{(now.Count > 8 ? $" (and {now.Count - 8} more)" : "")}");
                scene.Story.Say($"  {Findings.Name(check)}: {now.Count} wrong, such as: {now[0]}");
            }

            if (elapsed > limit * settings.Slack + Patience) return elapsed;
            await Task.Delay(Step, world.Time);
        }
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
