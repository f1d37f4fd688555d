using System.Diagnostics;

namespace RealtimeKit.Tests.Engine.Nodes;

/// <summary>Waits for what other threads are about to bring about; the deadline only ends a test that would never end.</summary>
internal static class Until
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public static async Task TrueAsync(Func<bool> holds, string what, TimeSpan? patience = null)
    {
        for (var clock = Stopwatch.StartNew(); !holds(); await Task.Delay(1))
            if (clock.Elapsed > (patience ?? Deadline)) throw new TimeoutException($"It did not come about that {what}.");
    }
}
