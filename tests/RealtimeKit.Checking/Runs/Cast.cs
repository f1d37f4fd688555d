using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Clients;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.Plants;

namespace RealtimeKit.Checking.Runs;

/// <summary>The channels of a run and the clients in them, as its seed decides.</summary>
internal sealed class Cast : IAsyncDisposable
{
    private readonly TrialSettings _settings;

    private Cast(TrialSettings settings, IReadOnlyList<string> channels) => (_settings, Channels) = (settings, channels);

    public IReadOnlyList<string> Channels { get; }

    public List<IParticipant> Participants { get; } = [];

    public static async Task<Cast> MakeAsync(TrialSettings settings, IWorld world, Scene scene, string prefix)
    {
        var random = new Random(Seeds.Derive(settings.Seed, "cast"));
        var channels = Enumerable.Range(0, settings.Hot + settings.Warm + settings.Quiet)
            .Select(n => $"{prefix}-{(n < settings.Hot ? "hot" : n < settings.Hot + settings.Warm ? "warm" : "quiet")}-{n}").ToList();
        var cast = new Cast(settings, channels);
        for (var n = 0; n < settings.Clients + settings.RawClients; n++)
        {
            var isRaw = n >= settings.Clients;
            // Some users have two clients: one user with two connections, on whichever nodes.
            var owner = isRaw ? n - ((n - settings.Clients) % 2) : n % 10 == 9 ? n - 1 : n;
            var user = $"{(isRaw ? "raw" : "user")}{owner}";
            var way = await world.MakeWayAsync(n, user);
            var own = cast.Choose(isRaw ? new Random(Seeds.Derive(settings.Seed, $"channels of {owner}")) : random);
            var seed = random.Next();
            cast.Participants.Add(isRaw
                ? new RawParticipant($"raw{n}", user, way, own, seed, scene, settings.Plant is { } plant && Garden.Find(plant).ClientsTakeLateForOld)
                : new LibraryParticipant($"client{n}", user, way, own, seed, pipelines: n % 2 == 0, scene));
        }

        // Pairs of bare clients are of one user and in the same channels: each sends copies through the other now and then.
        var raw = cast.Participants.OfType<RawParticipant>().ToList();
        for (var n = 0; n + 1 < raw.Count; n += 2)
        {
            raw[n].Copy(raw[n + 1]);
            raw[n + 1].Copy(raw[n]);
        }

        return cast;
    }

    /// <summary>Makes the client that mutes the others now and then: each in the channels that it writes to.</summary>
    public async Task<Moderator> MakeModeratorAsync(IWorld world, Scene scene)
    {
        var targets = Participants.SelectMany(one => one.Views.Select(view => (one.User, view.View.Channel))).Distinct().ToList();
        var way = await world.MakeWayAsync(Participants.Count, Probe.User);
        return new Moderator(Probe.User, way, targets, Seeds.Derive(_settings.Seed, "moderator"), scene);
    }

    /// <summary>Makes those who are removed from a channel now and then; null where that is not checked.</summary>
    public async Task<Removals?> MakeRemovalsAsync(IWorld world, Scene scene, string prefix)
    {
        const int guests = 3;
        if (_settings.HiddenWithin is not { } most) return null;
        var first = Participants.Count + 200;
        var ways = new List<(string, IWay)>();
        for (var n = 1; n <= guests; n++) ways.Add(($"{prefix}-guest{n}", await world.MakeWayAsync(first + n, $"{prefix}-guest{n}")));
        var owner = new RawCaller(await world.MakeWayAsync(first, Probe.User), scene);
        return new Removals($"{prefix}-hidden", owner, ways, most * _settings.Slack, Seeds.Derive(_settings.Seed, "removals"), scene);
    }

    /// <summary>Who is present where every client is connected: each is subscribed to its channels all the time.</summary>
    public PresencePicture Presence()
    {
        var picture = new PresencePicture();
        foreach (var person in Participants.SelectMany(one => one.Views.Select(view => (view.View.Channel, one.User))).GroupBy(one => one))
            picture.Add(person.Key.Channel, person.Key.User, "online", person.Count());
        return picture;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Participants.Select(participant => participant.DisposeAsync().AsTask()));
    }

    private List<string> Choose(Random random)
    {
        var (hot, warm, quiet) = (_settings.Hot, _settings.Warm, _settings.Quiet);
        var own = new HashSet<string> { Channels[random.Next(hot)] };
        while (own.Count < 1 + Math.Min(2, warm)) own.Add(Channels[hot + random.Next(warm)]);
        while (own.Count < 1 + Math.Min(2, warm) + Math.Min(2, quiet)) own.Add(Channels[hot + warm + random.Next(quiet)]);
        return [.. own];
    }
}
