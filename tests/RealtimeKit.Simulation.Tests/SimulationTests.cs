#pragma warning disable xUnit1051 // Every wait here has its own deadline.
using System.Diagnostics;
using System.Globalization;
using FluentAssertions;
using Xunit;

namespace RealtimeKit.Simulation.Tests;

/// <summary>The simulation as the command line runs it: its processes have one thread each, which a test program has not.</summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task Nothing_is_lost_doubled_or_out_of_order_in_five_hundred_trials()
    {
        var from = Number("SIMULATION_FROM") ?? Random.Shared.Next(1_000_000);
        var seeds = Number("SIMULATION_SEEDS") ?? 500;
        Console.WriteLine($"SIMULATION_FROM={from} SIMULATION_SEEDS={seeds}");
        var (code, said) = await RunAsync("--from", Text(from), "--seeds", Text(seeds));
        code.Should().Be(0, $"the seeds from {from} on must hold:\n{said}");
        said.Should().Contain($"{seeds} seeds from {from} on, 0 with violations");
        if (seeds >= 500) said.Should().NotMatchRegex(@"\| [a-z-]+ \| 0 \|", "each kind of fault comes in so many seeds");
    }

    [Fact]
    public async Task Each_planted_fault_is_found_and_found_again()
    {
        var (code, said) = await RunAsync("--plants", "--repeat", "2");
        code.Should().Be(0, $"every plant must be found:\n{said}");
        said.Should().Contain("2 of 2 ended alike").And.NotContain("1 of 2 ended alike");
    }

    [Fact]
    public async Task A_seed_decides_everything()
    {
        var (_, said) = await RunAsync("--from", "1", "--seeds", "4", "--repeat", "2", "--workers", "1");
        said.Split('\n').Count(line => line.Contains("2 of 2 ended alike, 2 step by step", StringComparison.Ordinal)).Should().BeGreaterThanOrEqualTo(3, said);
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : null;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task<(int Code, string Said)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "RealtimeKit.Simulation.dll") },
            RedirectStandardOutput = true,
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var saying = process.StandardOutput.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }

        var said = await saying;
        output.WriteLine(said);
        return (process.ExitCode, said);
    }
}
