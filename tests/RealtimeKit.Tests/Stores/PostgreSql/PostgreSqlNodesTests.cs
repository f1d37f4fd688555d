using FluentAssertions;
using RealtimeKit.PostgreSql;
using RealtimeKit.Protocol;
using RealtimeKit.Servers;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>Nodes in each other's way, without a fault: nobody is refused, and the server breaks no circle of waiting.</summary>
public sealed class PostgreSqlNodesTests : IAsyncLifetime
{
    private static readonly string[] Rooms = [.. Enumerable.Range(0, 20).Select(number => $"room{number}")];

    private PostgreSqlServer _server = null!;
    private TemporarySchema _schema = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgreSqlServer.CreateAsync();
        _schema = new TemporarySchema(_server.ConnectionString);
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Two_nodes_in_the_same_channels_wait_in_no_circle()
    {
        await using PostgreSqlStore one = _schema.Open(), other = _schema.Open();
        foreach (var room in Rooms) await one.CreateAsync(Changes.Channel(room), Cancel);
        using var writers = new SteadyWriters([one, other, one, other], Rooms);
        await writers.RunAsync(() => Task.WhenAll(
            Task.Run(() => LeadAsync(one, "ann"), Cancel), Task.Run(() => LeadAsync(other, "bob"), Cancel),
            Task.Run(() => ReactAsync(one), Cancel), Task.Run(() => ReactAsync(other), Cancel)));
        writers.Refused.Should().Be(0);
        await writers.AssertWholeAsync(one);
        (await _schema.RunAsync("SELECT sum(deadlocks)::bigint FROM pg_stat_database")).Should().Be(0L);
    }

    // Members, marks, and channels that come and go.
    private static async Task LeadAsync(PostgreSqlStore store, string user)
    {
        for (var round = 0; round < 100; round++)
        {
            var room = Rooms[round % Rooms.Length];
            await store.ApplyAsync(new RoleChange(room, "eve", (ChannelRole)(round % 2)), Cancel);
            await store.MoveReadMarkAsync(room, user, round, Cancel);
            await store.ApplyAsync(new RemoveChange(room, "eve"), Cancel);
            await store.CreateAsync(Changes.Channel($"new{round}"), Cancel);
            await store.AppendAsync([Changes.Post($"new{round}", "x")], Cancel);
            await store.DeleteAsync($"new{round}", Cancel);
        }
    }

    // Changes of messages of channels of their own, beside the new messages of the others.
    private static async Task ReactAsync(PostgreSqlStore store)
    {
        string[] shared = ["left", "right", "third"];
        foreach (var name in shared) await store.CreateAsync(Changes.Channel(name), Cancel);
        for (var round = 0; round < 100; round++)
        {
            var names = round % 2 == 0 ? shared : shared.Reverse();
            await store.AppendAsync([.. names.Select(name => Changes.Post(name, "x"))], Cancel);
            await store.AppendAsync(
                [.. names.Select(MessageChange (name) => new ReactChange(name, DateTimeOffset.UnixEpoch, 1, $"user{round}", "+", false))], Cancel);
        }
    }
}
