using System.Globalization;
using RealtimeKit.Chaos.Faults;

namespace RealtimeKit.Chaos.Runs;

/// <summary>What the command line asks for.</summary>
internal sealed record Settings
{
    public int Seed { get; init; } = Random.Shared.Next(1_000_000);

    /// <summary>How long load and faults of one run take together, about.</summary>
    public TimeSpan Length { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>For how long runs follow each other.</summary>
    public TimeSpan Total { get; init; } = TimeSpan.FromMinutes(30);

    public IReadOnlyList<FaultKind> Kinds { get; init; } = Schedule.AllKinds;

    public int Clients { get; init; } = 60;

    public int RawClients { get; init; } = 8;

    public int Nodes { get; init; } = 3;

    /// <summary>What all clients together do a second.</summary>
    public double Rate { get; init; } = 250;

    /// <summary>How many times the times that are promised may be taken, on a machine that does other work.</summary>
    public double Slack { get; init; } = 1;

    /// <summary>A fault in the nodes themselves, which the checker must find.</summary>
    public string? Plant { get; init; }

    /// <summary>Whether the nodes are the checker's own although there is the sample.</summary>
    public bool Own { get; init; }

    /// <summary>One node on SQLite, without PostgreSQL and RabbitMQ.</summary>
    public bool Sqlite { get; init; }

    /// <summary>Whether the nodes hear each other by the database and there is no RabbitMQ.</summary>
    public bool BrokerIsPostgreSql { get; init; }

    /// <summary>Where the table and the histories of failures go.</summary>
    public string Output { get; init; } = Path.Combine(Path.GetTempPath(), "realtimekit-chaos");

    /// <summary>Reads the options behind the verb.</summary>
    /// <exception cref="ArgumentException">One is not known, or its value is no such.</exception>
    public static Settings Parse(IReadOnlyList<string> arguments)
    {
        var settings = new Settings();
        for (var i = 0; i < arguments.Count; i++)
        {
            var option = arguments[i];
            settings = option switch
            {
                "--own" => settings with { Own = true },
                "--sqlite" => settings with { Sqlite = true, Nodes = 1, Own = true },
                _ when i + 1 < arguments.Count => With(settings, option, arguments[++i]),
                _ => throw new ArgumentException($"'{option}' needs a value, or is not known."),
            };
        }

        return settings with { Kinds = settings.Possible(settings.Kinds) };
    }

    /// <summary>The command that does the same again.</summary>
    public string Repeat() => string.Create(
        CultureInfo.InvariantCulture,
        $"dotnet run --project tests/RealtimeKit.Chaos -c Release -- run --seed {Seed} --seconds {Length.TotalSeconds} --clients {Clients} --raw {RawClients} --rate {Rate}")
        + (Kinds.Count == Possible(Schedule.AllKinds).Count ? "" : $" --faults {(Kinds.Count == 0 ? "none" : string.Join(',', Kinds.Select(Fault.Name)))}")
        + (BrokerIsPostgreSql ? " --broker postgresql" : "")
        + (Plant is not null ? $" --plant {Plant}" : Sqlite ? " --sqlite" : Own && !BrokerIsPostgreSql ? " --own" : "");

    private IReadOnlyList<FaultKind> Possible(IReadOnlyList<FaultKind> kinds) => [.. kinds.Where(kind => Fault.IsPossible(kind, BrokerIsPostgreSql))];

    private static Settings With(Settings settings, string option, string value) => option switch
    {
        "--seed" => settings with { Seed = int.Parse(value, CultureInfo.InvariantCulture) },
        "--seconds" => settings with { Length = TimeSpan.FromSeconds(Number(value)) },
        "--minutes" => settings with { Total = TimeSpan.FromMinutes(Number(value)) },
        "--clients" => settings with { Clients = (int)Number(value) },
        "--raw" => settings with { RawClients = (int)Number(value) },
        "--nodes" => settings with { Nodes = (int)Number(value) },
        "--rate" => settings with { Rate = Number(value) },
        "--slack" => settings with { Slack = Number(value) },
        "--broker" when value == "postgresql" => settings with { BrokerIsPostgreSql = true, Own = true },
        "--broker" when value == "rabbitmq" => settings,
        "--plant" => settings with { Plant = value, Own = true },
        "--output" => settings with { Output = Path.GetFullPath(value) },
        "--faults" => settings with { Kinds = Faults(value) },
        _ => throw new ArgumentException($"'{option}' is not known."),
    };

    private static IReadOnlyList<FaultKind> Faults(string value) => value switch
    {
        "all" => Schedule.AllKinds,
        "none" => [],
        _ => [.. value.Split(',').Select(name => Schedule.AllKinds.Where(kind => Fault.Name(kind) == name).Cast<FaultKind?>().FirstOrDefault()
            ?? throw new ArgumentException($"There is no fault '{name}'. There are: {string.Join(", ", Schedule.AllKinds.Select(Fault.Name))}."))],
    };

    private static double Number(string value) => double.Parse(value, CultureInfo.InvariantCulture);
}
