using FluentAssertions;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>
/// Nodes that append without a pause, each batch again and again until it is acknowledged, as senders do, with copies of each
/// other's messages among them, while something is done to the database.
/// </summary>
internal sealed class SteadyWriters(IReadOnlyList<IMessageStore> nodes, string[] channels) : IDisposable
{
    private const int BatchSize = 10;
    private const int Batches = 15;

    private readonly List<PostChange> _posts = [];
    private readonly List<(PostChange Post, AppendResult Result)> _acknowledged = [];
    private readonly Lock _gate = new();
    private readonly int[] _batches = new int[nodes.Count];
    private readonly SemaphoreSlim _moved = new(0);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>How many calls ended as unavailable.</summary>
    public int Refused { get; private set; }

    /// <summary>Lets them write for a while, does <paramref name="fault"/> and lets them write on until all have written enough after it.</summary>
    public async Task RunAsync(Func<Task> fault)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var writers = nodes.Select((node, index) => Task.Run(() => WriteAsync(node, index, stop.Token), Cancel)).ToArray();
        try
        {
            await UntilAllHaveAsync(Batches, writers);
            await fault();
            int[] sofar;
            lock (_gate) sofar = [.. _batches];
            await UntilAllHaveAsync(sofar.Max() + Batches, writers);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(writers);
        }
    }

    /// <summary>What was acknowledged is there, once, where it was said to be, and nothing else is.</summary>
    public async Task AssertWholeAsync(IMessageStore store)
    {
        _acknowledged.Should().NotBeEmpty();
        foreach (var channel in channels)
        {
            var page = await store.ReadHistoryAsync(new HistoryQuery(channel, Changes.All), Cancel);
            var stored = page!.Messages;
            stored.Select(message => message.Sequence).Should().Equal(Enumerable.Range(1, stored.Count).Select(number => (long)number));
            (page.Head.Sequence, page.Head.Version).Should().Be((stored.Count, stored.Count));
            stored.Select(message => message.Id).Should().OnlyHaveUniqueItems()
                .And.BeEquivalentTo(_acknowledged.Where(one => one.Post.Channel == channel).Select(one => one.Post.Id).Distinct());
            foreach (var (post, result) in _acknowledged.Where(one => one.Post.Channel == channel))
            {
                result.Outcome.Should().BeOneOf(AppendOutcome.Appended, AppendOutcome.Duplicate);
                stored[(int)result.Message!.Sequence - 1].Id.Should().Be(post.Id);
            }
        }
    }

    public void Dispose() => _moved.Dispose();

    private async Task WriteAsync(IMessageStore node, int index, CancellationToken stop)
    {
        var random = new Random(index);
        while (!stop.IsCancellationRequested)
        {
            var batch = NextBatch(random);
            IReadOnlyList<AppendResult>? results = null;
            // To the end, also after the stop: what was sent may be stored.
            while (results is null)
            {
                try
                {
                    results = await node.AppendAsync(batch, CancellationToken.None);
                }
                catch (StoreUnavailableException)
                {
                    lock (_gate) Refused++;
                    Cancel.ThrowIfCancellationRequested();
                }
            }

            lock (_gate)
            {
                _acknowledged.AddRange(batch.Zip(results));
                _batches[index]++;
            }

            _moved.Release();
        }
    }

    private PostChange[] NextBatch(Random random)
    {
        lock (_gate)
        {
            var fresh = Enumerable.Range(0, BatchSize).Select(_ => Changes.Post(channels[random.Next(channels.Length)], "x")).ToArray();
            var copies = Enumerable.Range(0, Math.Min(2, _posts.Count)).Select(_ => _posts[^random.Next(1, Math.Min(30, _posts.Count) + 1)]).ToArray();
            _posts.AddRange(fresh);
            return [.. fresh, .. copies];
        }
    }

    private async Task UntilAllHaveAsync(int batches, Task[] writers)
    {
        while (true)
        {
            lock (_gate)
            {
                if (_batches.All(count => count >= batches)) return;
            }

            if (writers.FirstOrDefault(writer => writer.IsCompleted) is { } ended) await ended;
            (await _moved.WaitAsync(TimeSpan.FromSeconds(60), Cancel)).Should().BeTrue("the nodes should get on");
        }
    }
}
