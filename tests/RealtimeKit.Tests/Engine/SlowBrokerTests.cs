using System.Collections.Concurrent;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Brokers;
using RealtimeKit.Delivery;
using RealtimeKit.Tests.Engine.Nodes;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>A broker that does not answer about one channel.</summary>
public sealed class SlowBrokerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Other_channels_are_subscribed_to_meanwhile()
    {
        var broker = new SlowBroker();
        await using var node = await TestNode.StartAsync(builder => builder.UseInMemoryStore().Services.AddSingleton<IMessageBroker>(broker));
        foreach (var channel in (string[])["slow", "other"]) await node.Messaging.Channels.EnsureAsync(channel, cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        await using var ben = await node.ConnectAsync("ben");
        await ann.SendAsync("""{"type":"subscribe","id":2,"channel":"slow"}""");
        await Until.TrueAsync(() => broker.Asked.Contains("slow"), "the broker is asked");

        try
        {
            await ben.RequestAsync("""{"type":"subscribe","id":2,"channel":"other"}""", 2).WaitAsync(Limit, Cancel);
        }
        finally
        {
            broker.Answer.SetResult();
        }

        await ann.ReplyAsync(2);
    }

    [Fact]
    public async Task Calls_about_one_name_keep_their_order()
    {
        var (turns, first, calls) = (new NamedTurns(), new TaskCompletionSource(), new ConcurrentQueue<string>());
        var running = new List<Task> { turns.RunAsync("a", async _ => { await first.Task; calls.Enqueue("a1"); }) };
        running.Add(turns.RunAsync("a", _ => { calls.Enqueue("a2"); throw new InvalidOperationException("The test's own."); }));
        running.Add(turns.RunAsync("a", _ => { calls.Enqueue("a3"); return default; }));
        await turns.RunAsync("b", _ => { calls.Enqueue("b"); return default; });
        calls.Should().Equal("b");

        first.SetResult();

        await ((Func<Task>)(() => running[1])).Should().ThrowAsync<InvalidOperationException>();
        await running[2];
        calls.Should().Equal("b", "a1", "a2", "a3");
        await turns.RunAsync("a", _ => { calls.Enqueue("a4"); return default; });
        calls.Should().EndWith("a4");
    }

    private sealed class SlowBroker : IMessageBroker
    {
        public ConcurrentQueue<string> Asked { get; } = new();

        public TaskCompletionSource Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ValueTask StartAsync(IBrokerReceiver receiver, CancellationToken cancellationToken) => default;

        public void Publish(string channel, ReadOnlySpan<byte> payload)
        {
        }

        public ValueTask SubscribeAsync(string channel, CancellationToken cancellationToken)
        {
            Asked.Enqueue(channel);
            return channel == "slow" ? new ValueTask(Answer.Task) : default;
        }

        public ValueTask UnsubscribeAsync(string channel, CancellationToken cancellationToken) => default;
    }
}
