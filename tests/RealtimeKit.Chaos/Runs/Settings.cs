using System.Globalization;
using RealtimeKit.Chaos.Upgrade;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.Runs;

namespace RealtimeKit.Chaos.Runs;

/// <summary>What the command line asks for.</summary>
internal sealed record Settings : TrialSettings
{
    /// <summary>For how long runs follow each other.</summary>
    public TimeSpan Total { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Whether the nodes are those of the sample, as anybody runs it. They keep no files.</summary>
    public bool Sample { get; init; }

    /// <summary>One node on SQLite, without PostgreSQL and RabbitMQ.</summary>
    public bool Sqlite { get; init; }

    /// <summary>Whether the nodes hear each other by the database and there is no RabbitMQ.</summary>
    public bool BrokerIsPostgreSql { get; init; }

    /// <summary>The commit of the earlier version in a rolling update.</summary>
    public string From { get; init; } = EarlierVersion.OfSchema1;

    /// <summary>Where the table and the histories of failures go.</summary>
    public string Output { get; init; } = Path.Combine(Path.GetTempPath(), "realtimekit-chaos");

    /// <summary>Reads the options behind the verb.</summary>
    /// <exception cref="ArgumentException">One is not known, or its value is no such.</exception>
    public static Settings Parse(IReadOnlyList<string> arguments)
    {
        var settings = new Settings { HiddenWithin = TimeSpan.FromSeconds(7) };
        for (var i = 0; i < arguments.Count; i++)
        {
            var option = arguments[i];
            settings = option switch
            {
                "--sample" => settings with { Sample = true },
                "--sqlite" => settings with { Sqlite = true, Nodes = 1 },
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
        + (Plant is not null ? $" --plant {Plant}" : Sqlite ? " --sqlite" : Sample ? " --sample" : "");

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
        "--broker" when value == "postgresql" => settings with { BrokerIsPostgreSql = true },
        "--broker" when value == "rabbitmq" => settings,
        "--plant" => settings with { Plant = value },
        "--output" => settings with { Output = Path.GetFullPath(value) },
        "--from" => settings with { From = value },
        "--faults" => settings with { Kinds = Schedule.Parse(value) },
        _ => throw new ArgumentException($"'{option}' is not known."),
    };

    private static double Number(string value) => double.Parse(value, CultureInfo.InvariantCulture);
}
