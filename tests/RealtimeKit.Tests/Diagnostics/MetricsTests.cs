using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using RealtimeKit.Tests.Engine;
using Xunit;

namespace RealtimeKit.Tests.Diagnostics;

/// <summary>The numbers that docs/operations.md names, as a listener of the host sees them.</summary>
public sealed class MetricsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_open_is_told_when_asked()
    {
        await using var node = await TestNode.StartAsync();
        using var numbers = new Numbers(node);
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        await using var bob = await node.ConnectAsync("bob");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        await bob.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);

        numbers.Ask();
        numbers.Last("realtimekit.connections").Should().Be(2);
        numbers.Last("realtimekit.subscriptions").Should().Be(2);
        numbers.Last("realtimekit.channels").Should().Be(1);
        numbers.Last("realtimekit.append.queue").Should().Be(0);
        await bob.RequestAsync("""{"type":"unsubscribe","id":3,"channel":"a"}""", 3);
        numbers.Ask();
        numbers.Last("realtimekit.subscriptions").Should().Be(1);
    }

    [Fact]
    public async Task Changes_are_counted_by_kind_and_deliveries_by_event()
    {
        await using var node = await TestNode.StartAsync();
        using var numbers = new Numbers(node);
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        for (var i = 0; i < 3; i++) await node.Messaging.Messages.SendAsync("a", new OutgoingMessage { Text = "x" }, sender: "ann", cancellationToken: Cancel);
        await ann.RequestAsync("""{"type":"delete","id":3,"channel":"a","sequence":1}""", 3);
        await ann.WaitAsync(frame => frame.TryGetProperty("kind", out var kind) && kind.GetString() == "deleted", "the deletion");

        numbers.Sum("realtimekit.appends", "posted").Should().Be(3);
        numbers.Sum("realtimekit.appends", "deleted").Should().Be(1);
        numbers.Sum("realtimekit.deliveries").Should().Be(4);
        numbers.Count("realtimekit.append.duration").Should().Be(4);
        numbers.Sum("realtimekit.commit.size").Should().Be(4);
        numbers.Count("realtimekit.commit.duration").Should().BeInRange(1, 4);
        numbers.Count("realtimekit.delivery.duration").Should().BeInRange(1, 4);
    }

    [Fact]
    public async Task Pages_for_those_who_were_behind_and_changes_that_failed_are_counted()
    {
        var inner = new InMemoryStore();
        var store = new FaultyStore(inner);
        await using var node = await TestNode.StartAsync(builder =>
        {
            builder.UseInMemoryStore(inner);
            builder.Services.AddSingleton<IMessageStore>(store);
        });
        using var numbers = new Numbers(node);
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"a","recent":10}""", 2);
        await ann.WaitForAsync("changes");
        store.IsAway = () => true;
        await ann.RequestAsync(PublishOrderTests.Publish(3, "a", Guid.NewGuid(), "x"), 3);

        numbers.Sum("realtimekit.catchups").Should().Be(1);
        numbers.Sum("realtimekit.append.failures").Should().Be(1);
        numbers.Sum("realtimekit.appends", "posted").Should().Be(0);
    }

    [Fact]
    public async Task Channels_that_were_behind_the_store_are_counted()
    {
        var (store, network) = (new InMemoryStore(), new InMemoryBrokerNetwork());
        await using var node = await TestNode.StartAsync(builder => builder.UseInMemoryStore(store).UseInMemoryBroker(network));
        using var numbers = new Numbers(node);
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var bob = await node.ConnectAsync("bob");
        await bob.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        network.Online = false;
        // By a node that died before it could tell: one that lives tells of it again, and may be quicker than the repair.
        await store.AppendAsync([Stores.Changes.Post("a", "x")], Cancel);
        network.Online = true;
        await bob.WaitForAsync("changes");

        await Engine.Nodes.Until.TrueAsync(() => numbers.Sum("realtimekit.repairs") == 1, "the repair is counted");
    }

    /// <summary>All that one node's meter tells.</summary>
    private sealed class Numbers : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly ConcurrentQueue<(string Name, double Value, string? Kind)> _measurements = new();

        public Numbers(TestNode node)
        {
            var scope = node.Services.GetRequiredService<IMeterFactory>();
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == RealtimeDiagnostics.MeterName && ReferenceEquals(instrument.Meter.Scope, scope)) listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
            _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Note(instrument, value, tags));
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
            _listener.Start();
        }

        public void Ask() => _listener.RecordObservableInstruments();

        public double Last(string name) => _measurements.Last(one => one.Name == name).Value;

        public double Sum(string name, string? kind = null) =>
            _measurements.Where(one => one.Name == name && (kind is null || one.Kind == kind)).Sum(one => one.Value);

        public int Count(string name) => _measurements.Count(one => one.Name == name);

        public void Dispose() => _listener.Dispose();

        private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string? kind = null;
            foreach (var (key, tag) in tags)
                if (key == "kind") kind = (string?)tag;
            _measurements.Enqueue((instrument.Name, value, kind));
        }
    }
}
