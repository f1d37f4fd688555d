namespace RealtimeKit.Client.Tests;

/// <summary>Waits for conditions, with a deadline that only a failure reaches.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    public static Task TrueAsync(Func<bool> condition, string because) => TrueAsync(() => Task.FromResult(condition()), because);

    public static async Task TrueAsync(Func<Task<bool>> condition, string because)
    {
        var begin = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(begin) > Deadline) throw new TimeoutException($"Not within {Deadline}: {because}");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    public static Task<T> InTime<T>(this Task<T> task) => task.WaitAsync(Deadline, TestContext.Current.CancellationToken);

    public static Task InTime(this Task task) => task.WaitAsync(Deadline, TestContext.Current.CancellationToken);
}
