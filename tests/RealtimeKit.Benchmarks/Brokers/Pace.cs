using System.Diagnostics;

namespace RealtimeKit.Benchmarks.Brokers;

/// <summary>A fixed number of actions per second, however long each takes to have its effect.</summary>
internal static class Pace
{
    /// <summary>Numbers the actions from 0; those that are due at the same moment follow one another.</summary>
    public static async Task RunAsync(int rate, TimeSpan time, Func<int, ValueTask> act)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        var (start, total, done) = (Stopwatch.GetTimestamp(), (int)(rate * time.TotalSeconds), 0);
        while (done < total)
        {
            var due = Math.Min(total, (int)(Stopwatch.GetElapsedTime(start).TotalSeconds * rate));
            while (done < due)
                await act(done++);
            await timer.WaitForNextTickAsync();
        }
    }
}
