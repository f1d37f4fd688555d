#pragma warning disable xUnit1051 // Every wait here has its own deadline.
using System.Diagnostics;
using System.Globalization;
using FluentAssertions;
using RealtimeKit.Servers;
using Xunit;

namespace RealtimeKit.Chaos.Tests;

/// <summary>A minute of the checker: real nodes, a real database and a real broker, and the faults of one seed.</summary>
public sealed class ShortRunTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(6);

    [Fact]
    public async Task Nothing_is_lost_doubled_or_out_of_order_through_a_minute_of_faults()
    {
        var seed = Environment.GetEnvironmentVariable("CHAOS_SEED") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next(1_000_000);
        output.WriteLine($"CHAOS_SEED={seed}");
        Console.WriteLine($"CHAOS_SEED={seed}");
        var program = Path.Combine(AppContext.BaseDirectory, "RealtimeKit.Chaos.dll");
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            ArgumentList = { program, "run", "--seed", seed.ToString(CultureInfo.InvariantCulture), "--seconds", "60" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var said = process.StandardOutput.ReadToEndAsync();
        var complained = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited) await EndAsync(process);
        }

        var all = await said + await complained;
        output.WriteLine(all);
        process.ExitCode.Should().Be(0, $"CHAOS_SEED={seed} must hold:\n{all}");
    }

    // By the signal at which it ends its nodes and servers too.
    private static async Task EndAsync(Process process)
    {
        await ServerScript.SignalAsync(process.Id, "TERM");
        await process.WaitForExitAsync(CancellationToken.None);
    }
}
