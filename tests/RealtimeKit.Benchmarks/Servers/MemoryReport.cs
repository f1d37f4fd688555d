using System.Globalization;

namespace RealtimeKit.Benchmarks.Servers;

/// <summary>What a server holds in memory, in bytes, and what the collector does.</summary>
/// <param name="Resident">Resident pages of all kinds.</param>
/// <param name="Private">Resident pages that belong to the process alone (not files).</param>
/// <param name="Heap">Living objects of the managed heap.</param>
/// <param name="Allocated">All that was ever allocated on it.</param>
/// <param name="PauseMilliseconds">How long collections have stopped the program so far.</param>
/// <param name="Collections">How many there were.</param>
internal sealed record MemoryReport(long Resident, long Private, long Heap, long Allocated, double PauseMilliseconds, int Collections)
{
    public static MemoryReport Now() => new(
        Status("VmRSS:"),
        Status("RssAnon:"),
        GC.GetTotalMemory(false),
        GC.GetTotalAllocatedBytes(),
        GC.GetTotalPauseDuration().TotalMilliseconds,
        GC.CollectionCount(0));

    public static MemoryReport Settled()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return Now();
    }

    private static long Status(string key)
    {
        var line = File.ReadLines("/proc/self/status").First(x => x.StartsWith(key, StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan(key.Length).Trim().TrimEnd("kB"), CultureInfo.InvariantCulture);
    }
}
