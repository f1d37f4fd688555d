using System.Diagnostics;
using RealtimeKit.Benchmarks.Reports;

namespace RealtimeKit.Benchmarks.Durable;

/// <summary>What the disk itself takes for a small write that must last: no store on it can acknowledge faster.</summary>
internal static class DiskProbe
{
    private const int PageSize = 4096;
    private const int Pages = 1000;

    /// <summary>The times of a page's write and flush, in milliseconds, ascending.</summary>
    public static double[] Run(string folder, TimeSpan time)
    {
        using var file = File.OpenHandle(
            Path.Combine(folder, "probe"), FileMode.Create, FileAccess.Write, preallocationSize: PageSize * Pages);
        var page = new byte[PageSize];
        var times = new List<double>();
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < time;)
        {
            var from = Stopwatch.GetTimestamp();
            RandomAccess.Write(file, page, times.Count % Pages * PageSize);
            RandomAccess.FlushToDisk(file);
            times.Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds);
        }

        return [.. times.Order()];
    }

    public static string Describe(double[] ascending) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"the disk alone: p50 {Statistics.Rank(ascending, 0.5):f2} ms, p99 {Statistics.Rank(ascending, 0.99):f2} ms, longest {ascending[^1]:f1} ms");
}
