using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.Brokers;
using RealtimeKit.Hosting;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using RealtimeKit.Tests.Engine.Nodes;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>The host's log, metrics, traces, observers or broker fail: no loop of the node ends by it, and nobody waits for ever.</summary>
public sealed class HostFailureTests : IDisposable
{
    private readonly InMemoryStore _memory = new();
    private readonly FaultyStore _store;
    private readonly BrokenLogger _logger = new();
    private readonly Observer _observer = new();

    public HostFailureTests() => _store = new FaultyStore(_memory);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _logger.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_logger_that_throws_does_not_end_the_appending(bool outage)
    {
        await using var node = await StartAsync();
        await using var ann = await node.ConnectAsync("ann");
        await using var bob = await node.ConnectAsync("bob");
        var fails = true;
        _store.Before = _ => !fails ? Task.CompletedTask
            : outage ? throw new StoreUnavailableException("The test's own.") : throw new InvalidOperationException("The test's own.");
        _logger.Fails = true;
        (await PublishAsync(ann, 2)).Should().Be(outage ? "unavailable" : "internal");
        await Until.TrueAsync(() => _logger.Thrown > 0, "the fault is logged");
        fails = false;
        (await PublishAsync(bob, 2)).Should().Be("published");
    }

    [Fact]
    public async Task A_logger_that_throws_does_not_end_the_observers_loop()
    {
        await using var node = await StartAsync();
        _logger.Fails = true;
        foreach (var text in new[] { "fail", "2" }) await node.Messaging.Messages.SendAsync("a", text, cancellationToken: Cancel);
        await Until.TrueAsync(() => _observer.Texts.Contains("2"), "the observer is told of the next change");
    }

    [Fact]
    public async Task A_logger_that_throws_leaves_no_reader_without_an_end()
    {
        await using var node = await StartAsync();
        await node.Messaging.Messages.SendAsync("a", "x", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        _logger.Fails = _store.FailsReading = true;
        await ann.SendAsync("""{"type":"subscribe","id":2,"channel":"a","after":0}""");
        (await ann.ClosedAsync()).Should().Be(CloseCode.Internal);
    }

    [Fact]
    public async Task A_logger_that_throws_does_not_end_the_repair_nor_the_loop_about_the_other_nodes()
    {
        var broker = new BrokenBroker();
        await using var node = await StartAsync(broker);
        await using var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        _logger.Fails = _store.HeadsAreAway = broker.Fails = true;
        await ContinuesAsync(() => _store.HeadQueries.Count, "the channels are compared");
        await ContinuesAsync(() => broker.Failed, "the other nodes get heartbeats");
        _logger.Thrown.Should().BePositive();
        (await HealthAsync(node)).Should().Be(HealthStatus.Healthy, "no loop has ended");
    }

    [Fact]
    public async Task A_listener_to_the_numbers_that_throws_costs_no_reader_anything()
    {
        await using var node = await StartAsync();
        await node.Messaging.Messages.SendAsync("a", "1", cancellationToken: Cancel);
        using var listener = new BrokenListener(node);
        await using var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"a","recent":10}""", 2);
        (await ann.WaitForAsync("changes")).GetProperty("messages")[0].GetProperty("text").GetString().Should().Be("1");
        await node.Messaging.Messages.SendAsync("a", "2", cancellationToken: Cancel);
        (await ann.WaitForAsync("event")).GetProperty("message").GetProperty("text").GetString().Should().Be("2");
        (await ann.RequestAsync("""{"type":"ping","id":3}""", 3)).GetProperty("type").GetString().Should().Be("ok");
        listener.Thrown.Should().BePositive();
    }

    [Fact]
    public async Task A_listener_to_the_traces_that_throws_costs_no_reader_anything()
    {
        using var host = new ActivitySource($"host-{Guid.NewGuid()}");
        ActivityTraceId mine = default;
        var thrown = 0;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source == host || source.Name == RealtimeDiagnostics.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = activity =>
            {
                if (activity.TraceId != mine || activity.OperationName == "mine") return;
                Interlocked.Increment(ref thrown);
                throw new InvalidOperationException("The test's own.");
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var node = await StartAsync();
        await using var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        using (var activity = host.StartActivity("mine")!)
        {
            mine = activity.TraceId;
            await node.Messaging.Messages.SendAsync("a", "x", cancellationToken: Cancel);
        }

        (await ann.WaitForAsync("event")).GetProperty("message").GetProperty("text").GetString().Should().Be("x");
        thrown.Should().BePositive();
    }

    [Fact]
    public async Task What_was_stored_and_not_distributed_is_repaired_on_a_node_alone()
    {
        await using var node = await StartAsync();
        await using var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        _store.Answer = results => [.. results.Select(result => result with { Message = result.Message! with { Reactions = null! } })];
        await node.Messaging.Messages.SendAsync("a", "x", cancellationToken: Cancel);
        (await ann.WaitForAsync("changes")).GetProperty("messages")[0].GetProperty("text").GetString().Should().Be("x");
    }

    [Fact]
    public async Task A_loop_that_ended_by_a_fault_begins_anew_and_the_health_check_says_so_meanwhile()
    {
        var time = new BrokenTime();
        var broker = new BrokenBroker { Fails = true };
        await using var node = await StartAsync(broker, time: time);
        broker.Failed.Should().Be(0, "the timer of the heartbeats could not be made");
        (await HealthAsync(node)).Should().Be(HealthStatus.Unhealthy);
        time.Fails = false;
        await Until.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(100));
                return broker.Failed > 1;
            },
            "the other nodes get heartbeats");
        (await HealthAsync(node)).Should().Be(HealthStatus.Healthy);
    }

    [Fact]
    public async Task A_commit_that_does_not_end_makes_the_store_unhealthy()
    {
        var (time, gate) = (new FakeTimeProvider(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var node = await StartAsync(time: time);
        _store.Hold = gate.Task;
        var sent = node.Messaging.Messages.SendAsync("a", "x", cancellationToken: Cancel);
        await Until.TrueAsync(() => node.Services.GetRequiredService<RealtimeNode>().Appends.Waiting == 0, "the commit is under way");
        (await HealthAsync(node, "realtimekit-store")).Should().Be(HealthStatus.Healthy);
        time.Advance(TimeSpan.FromSeconds(31));
        (await HealthAsync(node, "realtimekit-store")).Should().Be(HealthStatus.Unhealthy);
        gate.SetResult();
        await sent;
        await Until.TrueAsync(() => node.Services.GetRequiredService<RealtimeNode>().Committer.Elapsed == TimeSpan.Zero, "the commit has ended");
        (await HealthAsync(node, "realtimekit-store")).Should().Be(HealthStatus.Healthy);
    }

    [Fact]
    public async Task What_a_slow_observer_misses_is_counted_for_it_and_logged_once()
    {
        const int missed = 5;
        var slow = new SlowObserver();
        await using var node = await StartAsync(observer: slow);
        var drops = new ConcurrentQueue<string?>();
        using var listener = new MeterListener();
        var meters = node.Services.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, one) =>
        {
            if (instrument.Name == "realtimekit.observer.drops" && ReferenceEquals(instrument.Meter.Scope, meters)) one.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => drops.Enqueue((string?)tags[0].Value));
        listener.Start();
        await node.Messaging.Messages.SendAsync("a", "first", cancellationToken: Cancel);
        await Until.TrueAsync(() => slow.Begun == 1, "the slow one is at the first");
        await Task.WhenAll(Enumerable.Range(0, 10_000 + missed).Select(number => node.Messaging.Messages.SendAsync("a", $"{number}", cancellationToken: Cancel)));
        await Until.TrueAsync(() => _observer.Texts.Count == 10_001 + missed, "the quick one is told of all");
        drops.Should().HaveCount(missed).And.AllBe(nameof(SlowObserver));
        node.Log.Entries.Should().ContainSingle().Which.Text.Should().Contain(nameof(SlowObserver)).And.Contain("1 changes were dropped");
    }

    [Fact]
    public async Task A_slow_observer_does_not_hold_up_another()
    {
        var slow = new SlowObserver();
        await using var node = await StartAsync(observer: slow);
        foreach (var text in new[] { "1", "2", "3" }) await node.Messaging.Messages.SendAsync("a", text, cancellationToken: Cancel);
        await Until.TrueAsync(() => _observer.Texts.Count == 3, "the quick one is told of all");
        await Until.TrueAsync(() => slow.Begun == 1, "the slow one has begun with the first, and waits in it");
        slow.Gate.SetResult();
        await Until.TrueAsync(() => slow.Begun == 3, "the slow one is told of all, too");
    }

    private static async Task ContinuesAsync(Func<int> count, string what)
    {
        var before = count();
        await Until.TrueAsync(() => count() > before + 3, $"{what} again and again");
    }

    private async Task<TestNode> StartAsync(IMessageBroker? broker = null, IMessageObserver? observer = null, TimeProvider? time = null)
    {
        var node = await TestNode.StartAsync(
            builder =>
            {
                builder.Services.AddLogging(logging => logging.AddProvider(_logger));
                builder.Services.AddSingleton<IMessageStore>(_store);
                builder.Services.AddSingleton<IChannelStore>(_memory);
                if (observer is not null) builder.Services.AddSingleton(observer);
                builder.Services.AddSingleton<IMessageObserver>(_observer);
                if (broker is not null) builder.Services.AddSingleton(broker);
            },
            options => (options.RepairInterval, options.NodeHeartbeat) = (TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(100)),
            time);
        foreach (var channel in new[] { "a", "b" }) await node.Messaging.Channels.EnsureAsync(channel, cancellationToken: Cancel);
        return node;
    }

    private static async Task<HealthStatus> HealthAsync(TestNode node, string name = "realtimekit-node") => (await node.Services.GetRequiredService<HealthCheckService>()
        .CheckHealthAsync(check => check.Name == name, Cancel)).Status;

    private static async Task<string?> PublishAsync(TestClient client, long id)
    {
        var reply = await client.RequestAsync(PublishOrderTests.Publish(id, "a", Guid.NewGuid(), "x"), id);
        var type = reply.GetProperty("type").GetString();
        return type == "error" ? reply.GetProperty("code").GetString() : type;
    }

    private sealed class BrokenLogger : ILoggerProvider, ILogger
    {
        private int _thrown;

        public bool Fails { get; set; }

        public int Thrown => Volatile.Read(ref _thrown);

        // The host's own entries are the host's own affair.
        public ILogger CreateLogger(string categoryName) =>
            categoryName.StartsWith("RealtimeKit", StringComparison.Ordinal) ? this : NullLogger.Instance;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!Fails) return;
            Interlocked.Increment(ref _thrown);
            throw new IOException("No space left on device.");
        }

        public void Dispose()
        {
        }
    }

    /// <summary>Throws at every number of one node.</summary>
    private sealed class BrokenListener : IDisposable
    {
        private readonly MeterListener _listener = new();
        private int _thrown;

        public BrokenListener(TestNode node)
        {
            var meters = node.Services.GetRequiredService<IMeterFactory>();
            _listener.InstrumentPublished = (instrument, one) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, meters)) one.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, _, _, _) => Throw());
            _listener.SetMeasurementEventCallback<int>((_, _, _, _) => Throw());
            _listener.SetMeasurementEventCallback<double>((_, _, _, _) => Throw());
            _listener.Start();
        }

        public int Thrown => Volatile.Read(ref _thrown);

        public void Dispose() => _listener.Dispose();

        private void Throw()
        {
            Interlocked.Increment(ref _thrown);
            throw new InvalidOperationException("The test's own.");
        }
    }

    private sealed class BrokenBroker : IMessageBroker
    {
        private int _failed;

        public bool Fails { get; set; }

        public int Failed => Volatile.Read(ref _failed);

        public ValueTask StartAsync(IBrokerReceiver receiver, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public void Publish(string channel, ReadOnlySpan<byte> payload)
        {
            if (!Fails) return;
            Interlocked.Increment(ref _failed);
            throw new InvalidOperationException("The test's own.");
        }

        public ValueTask SubscribeAsync(string channel, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask UnsubscribeAsync(string channel, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }

    /// <summary>A clock that cannot make the timer of the heartbeats.</summary>
    private sealed class BrokenTime : FakeTimeProvider
    {
        public bool Fails { get; set; } = true;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            Fails && period == TimeSpan.FromMilliseconds(50) ? throw new InvalidOperationException("The test's own.") : base.CreateTimer(callback, state, dueTime, period);
    }

    private sealed class Observer : IMessageObserver
    {
        private readonly ConcurrentQueue<string> _texts = new();

        public IReadOnlyList<string> Texts => _texts.ToArray();

        public ValueTask ObserveAsync(MessageChange change, Message message, CancellationToken cancellationToken)
        {
            if (message.Text == "fail") throw new InvalidOperationException("The test's own.");
            _texts.Enqueue(message.Text!);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class SlowObserver : IMessageObserver
    {
        private int _begun;

        public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Begun => Volatile.Read(ref _begun);

        public async ValueTask ObserveAsync(MessageChange change, Message message, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _begun);
            await Gate.Task.WaitAsync(cancellationToken);
        }
    }
}
