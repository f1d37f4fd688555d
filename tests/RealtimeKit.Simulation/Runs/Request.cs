using System.Globalization;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.Plants;

namespace RealtimeKit.Simulation.Runs;

/// <summary>What the command line asks for.</summary>
internal sealed record Request
{
    public int From { get; init; } = 1;

    public int Seeds { get; init; } = 1;

    /// <summary>From one seed to the next: as many as there are workers.</summary>
    public int Step { get; init; } = 1;

    public int Repeat { get; init; } = 1;

    public Plant? Plant { get; init; }

    /// <summary>The faults to choose from; null for all, or those that bring the plant out.</summary>
    public IReadOnlyList<FaultKind>? Kinds { get; init; }

    /// <summary>Whether each plant is to be found.</summary>
    public bool Plants { get; init; }

    /// <summary>Whether the steps of the trial are printed.</summary>
    public bool Story { get; init; }

    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Whether this process runs the trials, and not its children.</summary>
    public bool IsWorker { get; init; }

    /// <exception cref="ArgumentException">Something is not known, or its value is no such.</exception>
    public static Request Parse(IReadOnlyList<string> arguments)
    {
        var request = new Request();
        for (var i = 0; i < arguments.Count; i++)
        {
            request = arguments[i] switch
            {
                "--plants" => request with { Plants = true },
                "--worker" => request with { IsWorker = true },
                _ when i + 1 < arguments.Count => With(request, arguments[i], arguments[++i]),
                _ => throw new ArgumentException($"'{arguments[i]}' needs a value, or is not known."),
            };
        }

        return request;
    }

    /// <summary>The same, for the worker of that number.</summary>
    public IEnumerable<string> Arguments(int worker, int workers)
    {
        if (Plants) return ["--worker", "--plants", "--from", Text(From), "--repeat", Text(Repeat)];
        var seeds = (Seeds - worker + workers - 1) / workers;
        string[] what = Story ? ["--seed", Text(From)] : ["--from", Text(From + worker), "--seeds", Text(seeds), "--step", Text(workers)];
        string[] plant = Plant is null ? [] : ["--plant", Plant.Name];
        string[] faults = Kinds is null ? [] : ["--faults", Kinds.Count == 0 ? "none" : string.Join(',', Kinds.Select(Fault.Name))];
        return ["--worker", .. what, .. plant, .. faults, "--repeat", Text(Repeat)];
    }

    private static Request With(Request request, string option, string value) => option switch
    {
        "--from" => request with { From = Number(value) },
        "--seeds" => request with { Seeds = Number(value) },
        "--step" => request with { Step = Number(value) },
        "--seed" => request with { From = Number(value), Seeds = 1, Story = true },
        "--repeat" => request with { Repeat = Number(value) },
        "--workers" => request with { Workers = Math.Max(1, Number(value)) },
        "--faults" => request with { Kinds = Schedule.Parse(value) },
        "--plant" => request with { Plant = Garden.Find(value) },
        _ => throw new ArgumentException($"'{option}' is not known."),
    };

    private static int Number(string value) =>
        int.TryParse(value, CultureInfo.InvariantCulture, out var number) ? number : throw new ArgumentException($"'{value}' is no number.");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
