using RealtimeKit.Checking.Network;

namespace RealtimeKit.Checking.Faults;

/// <summary>What happens in a run, and when: decided by its seed and length alone.</summary>
internal static class Schedule
{
    // What a checkpoint takes, about: for how many episodes fit into a run.
    private static readonly TimeSpan Checkpoint = TimeSpan.FromSeconds(6);
    // Seeds that follow each other deal one shuffled deck of all kinds, so that a few of them leave none out.
    private const int SeedsPerDeck = 4;

    public static IReadOnlyList<FaultKind> AllKinds { get; } = Enum.GetValues<FaultKind>();

    /// <summary>Reads kinds as the command line names them.</summary>
    /// <exception cref="ArgumentException">One is not known.</exception>
    public static IReadOnlyList<FaultKind> Parse(string value) => value switch
    {
        "all" => AllKinds,
        "none" => [],
        _ => [.. value.Split(',').Select(name => AllKinds.Where(kind => Fault.Name(kind) == name).Cast<FaultKind?>().FirstOrDefault()
            ?? throw new ArgumentException($"There is no fault '{name}'. There are: {string.Join(", ", AllKinds.Select(Fault.Name))}."))],
    };

    /// <summary>Makes the episodes of a run.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="length">How long load and faults take together, about.</param>
    /// <param name="kinds">The kinds of faults to choose from; none for load alone.</param>
    /// <param name="nodes">How many nodes there are.</param>
    /// <param name="clients">How many clients there are.</param>
    public static IReadOnlyList<Episode> Make(int seed, TimeSpan length, IReadOnlyList<FaultKind> kinds, int nodes, int clients)
    {
        var random = new Random(Seeds.Derive(seed, "schedule"));
        var deck = kinds.Count == 0 ? [] : Deal(seed, kinds);
        var episodes = new List<Episode>();
        for (var left = length; left > TimeSpan.Zero;)
        {
            var lead = Between(random, 1.0, 3.0);
            var faults = new List<Fault>();
            if (deck.Count == 0)
            {
                lead = TimeSpan.FromSeconds(5);
            }
            else
            {
                faults.Add(Choose(random, Draw(deck), nodes, clients, TimeSpan.Zero));
                if (kinds.Count > 1 && random.Next(5) < 2)
                {
                    var second = Choose(random, Draw(deck), nodes, clients, Between(random, 0, 2));
                    if (second.Object != faults[0].Object) faults.Add(second);
                }
            }

            var episode = new Episode(lead, faults);
            episodes.Add(episode);
            left -= episode.Length + Checkpoint;
        }

        return episodes;
    }

    private static Queue<FaultKind> Deal(int seed, IReadOnlyList<FaultKind> kinds)
    {
        var shuffled = kinds.ToArray();
        new Random(Seeds.Derive(seed / SeedsPerDeck, "deck")).Shuffle(shuffled);
        var first = seed % SeedsPerDeck * shuffled.Length / SeedsPerDeck;
        return new Queue<FaultKind>(shuffled.Skip(first).Concat(shuffled.Take(first)));
    }

    private static FaultKind Draw(Queue<FaultKind> deck)
    {
        var kind = deck.Dequeue();
        deck.Enqueue(kind);
        return kind;
    }

    private static Fault Choose(Random random, FaultKind kind, int nodes, int clients, TimeSpan after)
    {
        var node = random.Next(nodes);
        var lasts = kind switch
        {
            // Long enough for the others to take its users offline, or not.
            FaultKind.NodeFreeze => Between(random, 10, random.Next(3) == 0 ? 30 : 14),
            FaultKind.ReaderStall => TimeSpan.FromSeconds(20),
            FaultKind.ClientFlap or FaultKind.BrokerFlap or FaultKind.DatabaseFlap => TimeSpan.FromSeconds(2 * random.Next(3, 7)),
            FaultKind.Overload => Between(random, 5, 8),
            FaultKind.NodeDrain or FaultKind.BrokerPurge => Between(random, 1, 3),
            _ => Between(random, 2, 9),
        };
        var oneWay = random.Next(2) == 0 ? LinkMode.HoldUp : LinkMode.HoldDown;
        var mode = kind switch
        {
            FaultKind.ClientCut or FaultKind.BrokerCut or FaultKind.DatabaseCut => LinkMode.Cut,
            FaultKind.ClientHalfOpen or FaultKind.BrokerHalfOpen or FaultKind.DatabaseHalfOpen => LinkMode.Hold,
            FaultKind.ClientOneWay or FaultKind.BrokerOneWay or FaultKind.DatabaseOneWay => oneWay,
            FaultKind.ClientFlap or FaultKind.BrokerFlap or FaultKind.DatabaseFlap => random.Next(2) == 0 ? LinkMode.Cut : LinkMode.Hold,
            _ => LinkMode.Pass,
        };
        var reset = random.Next(2) == 0;
        var readers = kind == FaultKind.ReaderStall ? Enumerable.Range(0, clients).OrderBy(_ => random.Next()).Take(Math.Min(5, clients)).Order().ToList() : null;
        return new Fault(kind, node, after, lasts, mode, reset, readers);
    }

    private static TimeSpan Between(Random random, double low, double high) => TimeSpan.FromSeconds(Math.Round(low + (random.NextDouble() * (high - low)), 1));
}
