using RealtimeKit.Chaos.Checks;
using RealtimeKit.Chaos.Clients;
using RealtimeKit.Chaos.Faults;
using RealtimeKit.Chaos.Network;
using RealtimeKit.Chaos.Nodes;
using RealtimeKit.Chaos.Plants;

namespace RealtimeKit.Chaos.Runs;

/// <summary>The channels of a run and the clients in them, as its seed decides, each behind a proxy of its own.</summary>
internal sealed class Cast : IAsyncDisposable
{
    private const int Hot = 3;
    private const int Warm = 15;
    private const int Quiet = 30;
    private readonly List<Proxy> _proxies = [];
    private readonly List<Link> _links = [];

    private Cast(IReadOnlyList<string> channels) => Channels = channels;

    public IReadOnlyList<string> Channels { get; }

    public List<IParticipant> Participants { get; } = [];

    public Link LinkOf(int client) => _links[client];

    public static async Task<Cast> MakeAsync(Settings settings, Cluster cluster, Scene scene, string prefix)
    {
        var random = new Random(Seeds.Derive(settings.Seed, "cast"));
        var channels = Enumerable.Range(0, Hot + Warm + Quiet).Select(n => $"{prefix}-{(n < Hot ? "hot" : n < Hot + Warm ? "warm" : "quiet")}-{n}").ToList();
        var cast = new Cast(channels);
        for (var n = 0; n < settings.Clients + settings.RawClients; n++)
        {
            var link = new Link($"client {n}");
            var proxy = new Proxy(() => cluster.Balance(link));
            cast._links.Add(link);
            cast._proxies.Add(proxy);
            var isRaw = n >= settings.Clients;
            // Some users have two clients: one user with two connections, on whichever nodes.
            var owner = isRaw ? n - ((n - settings.Clients) % 2) : n % 10 == 9 ? n - 1 : n;
            var user = $"{(isRaw ? "raw" : "user")}{owner}";
            var cookie = await cluster.Nodes[n % cluster.Nodes.Count].SignInAsync(user);
            var own = cast.Choose(isRaw ? new Random(Seeds.Derive(settings.Seed, $"channels of {owner}")) : random);
            var seed = random.Next();
            cast.Participants.Add(isRaw
                ? new RawParticipant($"raw{n}", user, proxy.Port, cookie, own, seed, scene, settings.Plant is { } plant && Garden.Find(plant).ClientsTakeLateForOld)
                : new LibraryParticipant($"client{n}", user, proxy.Port, cookie, own, seed, pipelines: n % 2 == 0, scene));
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
        foreach (var link in _links) link.Set(LinkMode.Pass, reset: true);
        await Task.WhenAll(Participants.Select(participant => participant.DisposeAsync().AsTask()));
        foreach (var proxy in _proxies) await proxy.DisposeAsync();
    }

    private List<string> Choose(Random random)
    {
        var own = new HashSet<string> { Channels[random.Next(Hot)] };
        while (own.Count < 3) own.Add(Channels[Hot + random.Next(Warm)]);
        while (own.Count < 5) own.Add(Channels[Hot + Warm + random.Next(Quiet)]);
        return [.. own];
    }
}
