using System.Globalization;
using RealtimeKit.Client;
using Xunit;

namespace RealtimeKit.EndToEnd.Plug;

/// <summary>One run of a test that a seed decides: it says the seed, and of a failure all that happened.</summary>
internal sealed class Trial
{
    private readonly string _variable;
    private readonly int _seed;
    private readonly ITestOutputHelper _output;

    /// <param name="variable">The environment variable that gives the seed of an earlier run.</param>
    /// <param name="output">Where to say it.</param>
    public Trial(string variable, ITestOutputHelper output)
    {
        (_variable, _output) = (variable, output);
        _seed = Environment.GetEnvironmentVariable(variable) is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        Random = new Random(_seed);
        Checker = new Checker(Ledger);
        Say($"{variable}={_seed}");
    }

    public Random Random { get; }

    public Ledger Ledger { get; } = new();

    public Checker Checker { get; }

    /// <summary>Runs it, and fails with the faults that the checker found.</summary>
    /// <param name="run">What to do; it returns a line that sums it up.</param>
    /// <param name="serverOutput">What the servers wrote.</param>
    public async Task RunAsync(Func<Task<string>> run, Func<string> serverOutput)
    {
        try
        {
            Say(await run());
        }
        catch (Exception e) when (e is RealtimeException or TimeoutException or InvalidOperationException or HttpRequestException)
        {
            Checker.Fault($"The test itself could not go on: {e}");
        }

        if (Checker.Faults.Count == 0) return;
        var file = Path.Combine(Path.GetTempPath(), $"{_variable}-{_seed}.txt");
        await File.WriteAllLinesAsync(file, [$"{_variable}={_seed}", .. Checker.Faults, "", .. Ledger.Story, "", serverOutput()]);
        Assert.Fail($"{Checker.Faults.Count} faults with {_variable}={_seed}; all of them and what happened: {file}\n"
            + string.Join('\n', Checker.Faults.Take(10)));
    }

    public void Say(string line)
    {
        _output.WriteLine(line);
        Console.WriteLine(line);
    }
}
