using System.Globalization;

namespace RealtimeKit.Benchmarks.Processes;

/// <summary>The processor time of a process, from <c>/proc</c>.</summary>
internal static class CpuClock
{
    private const int TicksPerSecond = 100;

    public static TimeSpan Of(int process)
    {
        var text = File.ReadAllText($"/proc/{process}/stat");
        // The name in brackets may hold spaces; after it come the state (field 3) and the rest.
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds(ticks / (double)TicksPerSecond);
    }

    /// <summary>The resident memory that belongs to a process alone, in bytes.</summary>
    public static long PrivateBytesOf(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(static x => x.StartsWith("RssAnon:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan("RssAnon:".Length).Trim().TrimEnd("kB"), CultureInfo.InvariantCulture);
    }

    public static TimeSpan OfThisProcess() => Of(Environment.ProcessId);
}
