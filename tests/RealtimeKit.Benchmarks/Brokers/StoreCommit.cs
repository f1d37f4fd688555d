using System.Diagnostics;
using RealtimeKit.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Benchmarks.Brokers;

/// <summary>What the store alone takes to append one message, at the same pace.</summary>
internal static class StoreCommit
{
    /// <summary>The times of the appends after the warm-up, in milliseconds, ascending.</summary>
    public static async Task<double[]> RunAsync(string postgreSql, int rate, TimeSpan warmUp, TimeSpan time)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddRealtimeMessaging().UsePostgreSqlStore(postgreSql);
        using var host = builder.Build();
        await host.StartAsync();
        await host.Services.GetRequiredService<IRealtimeMessaging>().Channels.EnsureAsync("commits");
        var store = host.Services.GetRequiredService<IMessageStore>();
        var (skipped, times) = ((int)(rate * warmUp.TotalSeconds), new List<double>());
        await Pace.RunAsync(rate, warmUp + time, async number =>
        {
            var content = new MessageContent(new string('x', 128));
            var change = new PostChange(
                "commits", TimeProvider.System.GetUtcNow(), MessageId.Create(), "u0", content, null, MessageDigest.Compute(content, null));
            var start = Stopwatch.GetTimestamp();
            await store.AppendAsync([change], default);
            if (number >= skipped)
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        });
        await host.StopAsync();
        return [.. times.Order()];
    }
}
