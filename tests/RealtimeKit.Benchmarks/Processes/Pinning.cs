using System.Diagnostics;
using System.Globalization;

namespace RealtimeKit.Benchmarks.Processes;

/// <summary>
/// Binds a process to one core. It must be so from its first instruction, for the runtime counts its processors, and sizes
/// its heaps and its thread pool, when it starts: so the program starts itself anew under <c>taskset</c>.
/// </summary>
internal static class Pinning
{
    private const string Mark = "REALTIMEKIT_BENCHMARKS_PINNED";

    public static async Task<int> OnCoreAsync(int core, string[] arguments, Func<Task<int>> run)
    {
        if (Environment.GetEnvironmentVariable(Mark) is not null)
            return await run();
        var start = Start(core, arguments);
        start.Environment[Mark] = core.ToString(CultureInfo.InvariantCulture);
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    /// <summary>How to start this program again, on one core or on all.</summary>
    public static ProcessStartInfo Start(int? core, IEnumerable<string> arguments)
    {
        string[] command = [Environment.ProcessPath!, .. Self(), .. arguments];
        if (core is { } one)
            command = ["taskset", "-c", one.ToString(CultureInfo.InvariantCulture), .. command];
        return new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false };
    }

    private static string[] Self() => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
        ? [typeof(Pinning).Assembly.Location]
        : [];
}
