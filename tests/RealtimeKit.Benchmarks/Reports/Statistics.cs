namespace RealtimeKit.Benchmarks.Reports;

/// <summary>Medians and other ranks.</summary>
internal static class Statistics
{
    public static double Median(IReadOnlyCollection<double> values) => Rank([.. values.Order()], 0.5);

    /// <summary>The value below which that part of the sorted values lies.</summary>
    public static double Rank(IReadOnlyList<double> sorted, double part)
    {
        if (sorted.Count == 0)
            return double.NaN;
        var at = part * (sorted.Count - 1);
        var (low, high) = ((int)Math.Floor(at), (int)Math.Ceiling(at));
        return sorted[low] + ((sorted[high] - sorted[low]) * (at - low));
    }
}
