using System.Diagnostics;
using RealtimeKit.Benchmarks.Wires;
using RealtimeKit.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Benchmarks.Durable;

/// <summary>
/// The store alone, under batches as they form: each channel has a number of messages outstanding, and while one batch is being
/// committed those that were acknowledged before it are sent again and make the next.
/// </summary>
internal static class StoreJob
{
    /// <summary>Durable messages per second, and how many a batch had on average.</summary>
    public static async Task<(double PerSecond, double BatchSize)> RunAsync(
        IMessageStore store, int channels, int window, int most, TimeSpan time)
    {
        var content = new MessageContent(new string('x', Wire.PayloadSize));
        var digest = MessageDigest.Compute(content, null);
        var waiting = new Queue<MessageChange>();
        for (var i = 0; i < channels * window; i++) waiting.Enqueue(Next($"c{i % channels}"));

        var (start, counted, batches) = (Stopwatch.GetTimestamp(), 0L, 0L);
        var committed = default((List<MessageChange> Batch, IReadOnlyList<AppendResult> Results)?);
        while (true)
        {
            var batch = new List<MessageChange>();
            while (batch.Count < most && waiting.TryDequeue(out var change)) batch.Add(change);
            var commit = store.AppendAsync(batch, default);
            if (committed is { } previous) Acknowledge(previous.Batch, previous.Results);
            committed = (batch, await commit);
            (counted, batches) = (counted + batch.Count, batches + 1);
            var elapsed = Stopwatch.GetElapsedTime(start);
            if (elapsed >= time) return (counted / elapsed.TotalSeconds, counted / (double)batches);
        }

        void Acknowledge(List<MessageChange> batch, IReadOnlyList<AppendResult> results)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                if (results[i].Outcome != AppendOutcome.Appended) throw new InvalidOperationException($"A message was {results[i].Outcome}.");
                waiting.Enqueue(Next(batch[i].Channel));
            }
        }

        PostChange Next(string channel) => new(channel, TimeProvider.System.GetUtcNow(), MessageId.Create(), "u1", content, null, digest);
    }
}
