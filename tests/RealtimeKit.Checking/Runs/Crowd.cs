using System.Globalization;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Clients;
using RealtimeKit.Checking.Faults;

namespace RealtimeKit.Checking.Runs;

/// <summary>
/// The clients of an overload: while it lasts some of them publish with full windows, and all of them read. They are checked after it as
/// the others are, and then they leave.
/// </summary>
internal sealed class Crowd : IAsyncDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);
    private readonly TrialSettings _settings;
    private readonly IWorld _world;
    private readonly Cast _cast;
    private readonly Scene _scene;
    private readonly List<RawParticipant> _members = [];
    private readonly List<FullHand> _hands = [];
    private readonly CancellationTokenSource _giveUp = new();
    private Task _following = Task.CompletedTask;
    private Task _publishing = Task.CompletedTask;

    private Crowd(TrialSettings settings, IWorld world, Cast cast, Scene scene) => (_settings, _world, _cast, _scene) = (settings, world, cast, scene);

    /// <summary>Makes the crowd of an episode; null where it has no overload.</summary>
    /// <param name="settings">How large it is.</param>
    /// <param name="world">What it connects to.</param>
    /// <param name="cast">The clients that it joins.</param>
    /// <param name="scene">What the clients share.</param>
    /// <param name="episode">The episode.</param>
    /// <param name="first">The number of its first client: clients of all crowds have their own.</param>
    public static async Task<Crowd?> MakeAsync(TrialSettings settings, IWorld world, Cast cast, Scene scene, Episode episode, int first)
    {
        if (episode.Overload is null) return null;
        var random = new Random(Seeds.Derive(settings.Seed, $"crowd {first}"));
        var crowd = new Crowd(settings, world, cast, scene);
        string[] channels = [cast.Channels[random.Next(settings.Hot)], cast.Channels[settings.Hot + random.Next(settings.Warm)]];
        for (var n = 0; n < settings.CrowdSize; n++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"crowd{first + n}");
            // Most go where most of the others are.
            var channel = channels[n % 4 == 3 ? 1 : 0];
            var member = new RawParticipant(name, name, await world.MakeWayAsync(first + n, name), [channel], random.Next(), scene);
            crowd._members.Add(member);
            if (n < settings.CrowdPublishers) crowd._hands.Add(new FullHand(member, channel, settings.CrowdWindow, random.Next(), scene));
        }

        return crowd;
    }

    /// <summary>Joins when the overload begins, and publishes until it ends; what is under way then is settled later.</summary>
    public async Task RunAsync(Episode episode)
    {
        if (episode.Overload is not { } overload) return;
        await Task.Delay(episode.Lead + overload.After, _world.Time);
        var memory = _world.Nodes.Select(node => node.Memory).ToList();
        _cast.Participants.AddRange(_members);
        using var stop = new CancellationTokenSource(overload.Lasts, _world.Time);
        _following = Task.WhenAll(_members.Select(member => member.FollowAsync()));
        _publishing = Task.WhenAll(_hands.Select(hand => hand.WorkAsync(stop.Token, _giveUp.Token)));
        var most = 0L;
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(Step, _world.Time);
            for (var n = 0; n < memory.Count; n++) most = Math.Max(most, LookAt(_world.Nodes[n], memory[n]));
        }

        if (most > 0) _scene.Story.Say(string.Create(CultureInfo.InvariantCulture, $"  the memory of a node grew by {most / 1_048_576.0:f0} MiB at most"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members) _cast.Participants.Remove(member);
        await _giveUp.CancelAsync();
        await _publishing;
        foreach (var member in _members) await member.DisposeAsync();
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _giveUp.Dispose();
    }

    private long LookAt(IWorldNode node, long? before)
    {
        if (before is null || node.Memory is not { } now) return 0;
        var grown = now - before.Value;
        _scene.Findings.Require(
            Check.Live, grown <= _settings.MostGrowth,
            () => $"the memory of {node} grew by {grown / 1_048_576} MiB in an overload, to {now / 1_048_576} MiB");
        return grown;
    }
}
