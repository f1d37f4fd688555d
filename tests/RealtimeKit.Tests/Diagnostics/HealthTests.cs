using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RealtimeKit.InMemory;
using RealtimeKit.Stores;
using RealtimeKit.Tests.Engine;
using Xunit;

namespace RealtimeKit.Tests.Diagnostics;

/// <summary>What the host's health endpoint is told.</summary>
public sealed class HealthTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_alone_is_healthy_in_all_three_respects()
    {
        await using var node = await TestNode.StartAsync();
        var report = await CheckAsync(node);
        report.Status.Should().Be(HealthStatus.Healthy);
        report.Entries.Keys.Should().BeEquivalentTo("realtimekit-store", "realtimekit-broker", "realtimekit-node");
    }

    [Fact]
    public async Task A_store_out_of_reach_is_unhealthy()
    {
        await using var node = await TestNode.StartAsync(builder =>
        {
            builder.UseInMemoryStore();
            builder.Services.AddSingleton<IMessageStore>(new AbsentStore());
        });
        (await CheckAsync(node)).Entries["realtimekit-store"].Status.Should().Be(HealthStatus.Unhealthy);
    }

    [Fact]
    public async Task A_lost_broker_only_slows_the_node_down()
    {
        var network = new InMemoryBrokerNetwork();
        await using var node = await TestNode.StartAsync(builder => builder.UseInMemoryStore().UseInMemoryBroker(network));
        (await CheckAsync(node)).Status.Should().Be(HealthStatus.Healthy);
        network.Online = false;
        await UntilAsync(node, HealthStatus.Degraded);
        network.Online = true;
        await UntilAsync(node, HealthStatus.Healthy);
    }

    [Fact]
    public async Task A_node_that_stops_is_not_ready()
    {
        await using var node = await TestNode.StartAsync();
        await node.StopAsync();
        (await CheckAsync(node)).Entries["realtimekit-node"].Status.Should().Be(HealthStatus.Unhealthy);
    }

    [Fact]
    public async Task Asking_twice_for_messaging_checks_its_health_once()
    {
        await using var node = await TestNode.StartAsync(builder =>
        {
            builder.Services.AddRealtimeMessaging();
            builder.UseInMemoryStore();
        });
        (await CheckAsync(node)).Entries.Should().HaveCount(3);
    }

    // The broker tells of its state on its own time.
    private static async Task UntilAsync(TestNode node, HealthStatus status)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        deadline.CancelAfter(TimeSpan.FromSeconds(10));
        while ((await CheckAsync(node)).Entries["realtimekit-broker"].Status != status) await Task.Delay(5, deadline.Token);
    }

    private static Task<HealthReport> CheckAsync(TestNode node) => node.Services.GetRequiredService<HealthCheckService>()
        .CheckHealthAsync(check => check.Tags.Contains(RealtimeDiagnostics.HealthTag), Cancel);

    private sealed class AbsentStore : IMessageStore
    {
        private static readonly StoreUnavailableException Away = new("The test took the store away.");

        public ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken) => throw Away;

        public ValueTask<MessagePage?> ReadChangesAsync(string channel, long afterVersion, PageLimit limit, CancellationToken cancellationToken) => throw Away;

        public ValueTask<MessagePage?> ReadHistoryAsync(HistoryQuery query, CancellationToken cancellationToken) => throw Away;

        public ValueTask<IReadOnlyList<ChannelHead>> ReadHeadsAsync(IReadOnlyCollection<string> channels, CancellationToken cancellationToken) => throw Away;
    }
}
