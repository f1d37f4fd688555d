using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Claims;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Tests.Engine;
using RealtimeKit.Tests.Engine.Nodes;
using RealtimeKit.Transports;
using Xunit;

namespace RealtimeKit.Tests.Diagnostics;

/// <summary>A message's way as a tracing backend sees it, from the sender's span over the broker to the other node's readers.</summary>
public sealed class ActivityTests : IDisposable
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ActivityListener _listener;
    private readonly ActivitySource _host = new($"host-{Guid.NewGuid()}");

    public ActivityTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == RealtimeDiagnostics.ActivitySourceName || source == _host,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _host.Dispose();
    }

    [Fact]
    public async Task Whoever_hands_a_connection_in_keeps_its_activity()
    {
        await using var node = await TestNode.StartAsync();
        using var opening = _host.StartActivity("opening")!;
        var serving = node.Services.GetRequiredService<IConnectionHandler>().HandleAsync(new GoneConnection(), Cancel);
        Activity.Current.Should().BeSameAs(opening);
        await serving;
    }

    [Fact]
    public async Task A_trace_passes_from_the_sender_over_the_broker_to_the_other_nodes_readers()
    {
        var (store, network) = (new InMemoryStore(), new InMemoryBrokerNetwork());
        await using var here = await TestNode.StartAsync(builder => builder.UseInMemoryStore(store).UseInMemoryBroker(network));
        await using var there = await TestNode.StartAsync(builder => builder.UseInMemoryStore(store).UseInMemoryBroker(network));
        await here.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var bob = await there.ConnectAsync("bob");
        await bob.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        ActivityContext request;
        using (var controller = _host.StartActivity("POST /orders")!)
        {
            request = controller.Context;
            await here.Messaging.Messages.SendAsync("a", new OutgoingMessage { Text = "traced" }, cancellationToken: Cancel);
            Activity.Current.Should().BeSameAs(controller);
        }

        (await bob.WaitForAsync("event")).GetProperty("message").GetProperty("text").GetString().Should().Be("traced");
        var append = Mine(request).Should().ContainSingle(one => one.OperationName == "append").Which;
        append.ParentSpanId.Should().Be(request.SpanId);
        append.GetTagItem("messaging.destination.name").Should().Be("a");
        append.GetTagItem("realtimekit.outcome").Should().Be("Appended");
        await Until.TrueAsync(() => Mine(request).Any(one => one.OperationName == "deliver"), "the delivery is traced");
        var delivery = Mine(request).Should().ContainSingle(one => one.OperationName == "deliver", "only the other node has readers").Which;
        delivery.ParentSpanId.Should().Be(append.SpanId);
        delivery.HasRemoteParent.Should().BeTrue();
        _ended.Where(one => one.OperationName == "commit").SelectMany(one => one.Links).Should().Contain(link => link.Context.SpanId == append.SpanId);
    }

    [Fact]
    public async Task A_clients_message_is_a_trace_of_its_own_and_tells_no_text()
    {
        await using var node = await TestNode.StartAsync();
        await node.Messaging.Channels.EnsureAsync("own-trace", cancellationToken: Cancel);
        using var upgrade = _host.StartActivity("GET /realtime")!;
        await using var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync(PublishOrderTests.Publish(2, "own-trace", Guid.NewGuid(), "secret words"), 2);

        var append = _ended.Should().ContainSingle(
            one => one.OperationName == "append" && Equals(one.GetTagItem("messaging.destination.name"), "own-trace")).Which;
        append.TraceId.Should().NotBe(upgrade.TraceId);
        append.TagObjects.Should().NotContain(tag => tag.Value is string && ((string)tag.Value).Contains("secret", StringComparison.Ordinal));
    }

    private IEnumerable<Activity> Mine(ActivityContext request) => _ended.Where(one => one.TraceId == request.TraceId && one.Source != _host);

    /// <summary>A connection whose client has gone already.</summary>
    private sealed class GoneConnection : ITransportConnection
    {
        public ClaimsPrincipal? Principal => null;

        public DateTimeOffset? PrincipalExpires => null;

        public string? Token => null;

        public ValueTask<ReceiveResult> ReceiveAsync(IBufferWriter<byte> buffer, int limit, CancellationToken cancellationToken) => new(ReceiveResult.Closed);

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask CloseAsync(CloseCode code, string reason, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public void Abort()
        {
        }
    }
}
