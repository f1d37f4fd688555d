using System.Globalization;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Clients;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.Plants;
using RealtimeKit.Checking.Runs;

namespace RealtimeKit.Checking.Inboxes;

/// <summary>
/// Users with connected inboxes: what each shows must be what a recount by SQL gives, soon after healing. They have channels of their own, and
/// are in some of those that the other clients write to.
/// </summary>
internal sealed class InboxParty : IAsyncDisposable
{
    private const int Users = 6;
    private const int Rooms = 6;
    private const int Crowded = 8;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);
    private readonly IInboxTruth _truth;
    private readonly Scene _scene;
    private readonly List<IInboxReader> _readers = [];
    private readonly List<InboxHand> _hands = [];
    private readonly List<RawCaller> _callers = [];
    private readonly InboxKeeper _keeper;
    private readonly IReadOnlyList<string> _crowded;
    private readonly Random _random;

    private InboxParty(IInboxTruth truth, Scene scene, InboxKeeper keeper, IReadOnlyList<string> crowded, int seed) =>
        (_truth, _scene, _keeper, _crowded, _random) = (truth, scene, keeper, crowded, new Random(seed));

    /// <summary>Makes it; null in a world where nobody can recount.</summary>
    /// <param name="settings">The trial.</param>
    /// <param name="world">What it runs in.</param>
    /// <param name="scene">What the clients share.</param>
    /// <param name="channels">The channels that the other clients write to.</param>
    /// <param name="prefix">What its own channels' names begin with.</param>
    /// <param name="first">The number of its first way.</param>
    public static async Task<InboxParty?> MakeAsync(
        TrialSettings settings, IWorld world, Scene scene, IReadOnlyList<string> channels, string prefix, int first)
    {
        if (world.Inboxes is not { } truth || (settings.Plant is { } plant && Garden.Find(plant).LeavesOutInboxes)) return null;
        var random = new Random(Seeds.Derive(settings.Seed, "inboxes"));
        string[] users = [.. Enumerable.Range(0, Users).Select(n => string.Create(CultureInfo.InvariantCulture, $"{prefix}-mail{n}"))];
        string[] rooms = [.. Enumerable.Range(0, Rooms).Select(n => string.Create(CultureInfo.InvariantCulture, $"{prefix}-room-{n}"))];
        string[] crowded = [.. channels.OrderBy(_ => random.Next()).Take(Crowded)];
        var owner = new RawCaller(await world.MakeWayAsync(first++, Probe.User), scene);
        var party = new InboxParty(truth, scene, new InboxKeeper(users, rooms, owner, random.Next(), scene), crowded, random.Next());
        party._callers.Add(owner);
        foreach (var user in users)
        {
            var name = $"inbox of {user}";
            IInboxReader reader = party._readers.Count % 2 == 0
                ? new LibraryInbox(name, user, await world.MakeWayAsync(first++, user), scene)
                : new RawInbox(name, user, await world.MakeWayAsync(first++, user), random.Next(), scene);
            var caller = new RawCaller(await world.MakeWayAsync(first++, user), scene);
            party._readers.Add(reader);
            party._callers.Add(caller);
            party._hands.Add(new InboxHand(user, [.. users.Where(other => other != user)], rooms, crowded, () => reader.Picture, caller, random.Next(), scene));
        }

        return party;
    }

    /// <summary>Makes the channels, opens the inboxes and lets everybody join some.</summary>
    public async Task FollowAsync()
    {
        await _keeper.PrepareAsync();
        for (var n = 0; n < _readers.Count; n++)
        {
            foreach (var channel in _crowded.Where(_ => _random.Next(2) == 0))
                await _callers[n + 1].UntilAnsweredAsync("join", new() { ["channel"] = channel });
        }

        await Task.WhenAll(_readers.Select(reader => reader.FollowAsync()));
    }

    /// <summary>Works until told to stop.</summary>
    public Task WorkAsync(CancellationToken stop) =>
        Task.WhenAll([_keeper.WorkAsync(stop), MoveAsync(stop), .. _hands.Select(hand => hand.WorkAsync(stop))]);

    /// <summary>
    /// Changes blocks while nothing else changes: what such a change leaves out no later one makes good. Bare clients then go back to what they had
    /// before, and the cursor alone tells them.
    /// </summary>
    public async Task ChangeQuietlyAsync()
    {
        for (var n = 0; n < _readers.Count; n++)
        {
            if (_readers[n] is not RawInbox raw) continue;
            raw.Keep();
            foreach (var other in _readers.Where(other => other != raw && _random.Next(2) == 0))
                await _callers[n + 1].TryAsync(_random.Next(2) == 0 ? "block" : "unblock", new() { ["user"] = other.User });
            await raw.GoBackAsync();
        }
    }

    /// <summary>Says which inboxes show what is not so now.</summary>
    public async Task<IReadOnlyList<string>> FindDifferencesAsync()
    {
        await Task.Delay(Pause, _scene.Time);
        var wrong = new List<string>();
        foreach (var reader in _readers)
        {
            var truth = await _truth.RecountAsync(reader.User);
            _scene.Findings.Count(Check.Inbox, truth.Rows.Count + 1);
            if (reader.Picture is { } shown) wrong.AddRange(truth.Differences(shown).Select(difference => $"{reader.Name}: {difference}"));
            else wrong.Add($"{reader.Name} is not level");
        }

        return wrong;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var caller in _callers) await caller.DisposeAsync();
        foreach (var reader in _readers) await reader.DisposeAsync();
    }

    private async Task MoveAsync(CancellationToken stop)
    {
        const int actionsForEach = 8;
        while (await _scene.Pace.TurnAsync(_random, actionsForEach, stop))
            if (_readers[_random.Next(_readers.Count)] is RawInbox raw) await raw.MoveAsync();
    }
}
