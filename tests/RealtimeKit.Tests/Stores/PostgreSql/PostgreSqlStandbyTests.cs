using FluentAssertions;
using Npgsql;
using RealtimeKit.Servers;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>A standby may lag behind: what it knows is never told as the truth.</summary>
public sealed class PostgreSqlStandbyTests : IAsyncLifetime
{
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
    public async Task Primary_that_becomes_a_standby_is_read_no_more_until_it_is_promoted()
    {
        await using var store = _schema.Open();
        await Changes.CreateLobbyAsync(store);
        await BecomeStandbyAsync();
        // What was open is lost first.
        var message = "";
        while (!message.Contains("is a standby", StringComparison.Ordinal))
            message = (await store.Invoking(one => one.ReadHeadsAsync(["lobby"], Cancel).AsTask()).Should().ThrowAsync<StoreUnavailableException>()).Which.Message;
        await store.Invoking(one => one.AppendAsync([Changes.Post("lobby", "x")], Cancel).AsTask()).Should().ThrowAsync<StoreUnavailableException>();
        await using var late = _schema.Open();
        await late.Invoking(one => one.InitializeAsync(Cancel).AsTask()).Should().ThrowAsync<StoreUnavailableException>().WithMessage("*is a standby*");

        (await _schema.RunAsync("SELECT pg_promote()")).Should().Be(true);
        (await store.AppendAsync([Changes.Post("lobby", "x")], Cancel))[0].Message!.Sequence.Should().Be(1);
    }

    [Fact]
    public async Task Of_several_hosts_the_primary_is_used()
    {
        await using var primary = await PostgreSqlServer.CreateAsync();
        await BecomeStandbyAsync();
        var both = new NpgsqlConnectionStringBuilder(_server.ConnectionString)
        {
            Host = $"127.0.0.1:{_server.Port},127.0.0.1:{primary.Port}", Port = 1, TargetSessionAttributes = "prefer-standby",
        }.ConnectionString;
        await using var store = new TemporarySchema(both).Open();
        await Changes.CreateLobbyAsync(store);
        await store.AppendAsync([Changes.Post("lobby", "x")], Cancel);
        (await Changes.TextsAsync(store)).Should().Equal("x");

        await using var source = new NpgsqlDataSourceBuilder(both).BuildMultiHost();
        await using var ofHost = new TemporarySchema(both).Open(options => options.DataSource = source);
        await Changes.CreateLobbyAsync(ofHost);
        (await ofHost.ReadHeadsAsync(["lobby"], Cancel)).Should().HaveCount(1);
    }

    private async Task BecomeStandbyAsync()
    {
        await _server.StopAsync();
        await File.WriteAllTextAsync(Path.Combine(_server.DataFolder, "standby.signal"), "", Cancel);
        await _server.StartAsync();
    }
}
