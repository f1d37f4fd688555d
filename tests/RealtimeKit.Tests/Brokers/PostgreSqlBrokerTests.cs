using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using RealtimeKit.Hosting;
using RealtimeKit.Protocol;
using RealtimeKit.Tests.Engine;
using RealtimeKit.Tests.Engine.Nodes;
using RealtimeKit.Tests.Stores;
using Xunit;

namespace RealtimeKit.Tests.Brokers;

/// <summary>
/// Two nodes that have nothing but one PostgreSQL, with its broker. Their regular comparison is an hour away: what arrives came by a
/// notification, or by the comparison after a lost connection.
/// </summary>
public sealed class PostgreSqlBrokerTests : IAsyncLifetime
{
    private const string Listening = "query LIKE '%LISTEN %'";
    private const string Notifying = "query LIKE '%synchronous_commit = off' OR query LIKE 'SELECT pg_notify%'";

    private TemporarySchema _schema = null!;
    private TestNode _here = null!;
    private TestNode _there = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _schema = await TemporarySchema.CreateAsync();
        (_here, _there) = (await StartAsync(), await StartAsync());
        await _here.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _here.DisposeAsync();
        await _there.DisposeAsync();
        await _schema.DisposeAsync();
    }

    [Fact]
    public async Task Messages_signals_and_rights_cross()
    {
        await using var bob = await SubscribeAsync(_there, "bob", "a");
        await SendAsync(_here, "hello");
        (await TextsAsync(bob, 1)).Should().Equal("hello");
        await using var ann = await SubscribeAsync(_here, "ann", "a");
        await ann.SendAsync("""{"type":"signal","id":3,"channel":"a","name":"typing"}""");
        await bob.WaitAsync(frame => frame.GetProperty("type").GetString() == "signal" && frame.GetProperty("name").GetString() == "typing", "typing");

        await _here.Messaging.Channels.EnsureAsync("p", ChannelKind.Private, cancellationToken: Cancel);
        await _here.Messaging.Members.AddAsync("p", "eve", cancellationToken: Cancel);
        await using var eve = await SubscribeAsync(_there, "eve", "p");
        await _here.Messaging.Members.RemoveAsync("p", "eve", cancellationToken: Cancel);
        (await eve.WaitForAsync("revoked")).GetProperty("reason").GetString().Should().Be("removed");
    }

    [Fact]
    public async Task Readers_of_both_nodes_get_what_both_write_whole_once_and_in_order()
    {
        const int each = 200;
        var readers = new List<TestClient>();
        for (var user = 0; user < 10; user++) readers.Add(await SubscribeAsync(user % 2 == 0 ? _here : _there, $"user{user}", "a"));
        await Task.WhenAll(new[] { _here, _there }.Select(async node =>
        {
            for (var number = 0; number < each; number++) await SendAsync(node, $"{number}");
        }));
        foreach (var reader in readers)
        {
            var sequences = new List<long>();
            while (sequences.Count < 2 * each) sequences.AddRange(Messages(await ChangeAsync(reader)).Select(message => message.GetProperty("sequence").GetInt64()));
            sequences.Should().Equal(Enumerable.Range(1, 2 * each).Select(sequence => (long)sequence));
            await reader.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(Listening)]
    [InlineData(Notifying)]
    public async Task A_connection_that_the_server_terminates_is_made_again_and_nothing_is_missed(string which)
    {
        await using var bob = await SubscribeAsync(_there, "bob", "a");
        for (var round = 0; round < 5; round++)
        {
            (await TerminateAsync(which)).Should().BePositive();
            await SendAsync(_here, $"{round}");
            (await TextsAsync(bob, 1)).Should().Equal($"{round}");
        }
    }

    [Fact]
    public async Task What_is_missed_while_every_connection_is_terminated_is_found_by_the_next_comparison()
    {
        await using var here = await StartAsync(interval: TimeSpan.FromSeconds(1));
        await using var there = await StartAsync(interval: TimeSpan.FromSeconds(1));
        await using var bob = await SubscribeAsync(there, "bob", "a");
        for (var round = 0; round < 5; round++)
        {
            await TerminateAsync("true");
            await SendAsync(here, $"{round}");
            (await TextsAsync(bob, 1)).Should().Equal($"{round}");
        }
    }

    [Fact]
    public async Task A_lost_connection_is_told_and_told_again_when_it_is_back()
    {
        var receiver = _there.Services.GetRequiredService<RealtimeNode>().Receiver!;
        await TerminateAsync(Listening);
        await Until.TrueAsync(() => _there.Log.Entries.Any(entry => entry.Text.Contains("are not received", StringComparison.Ordinal)), "it is logged");
        await Until.TrueAsync(() => receiver.LostConnections == 0, "it is regained");
    }

    [Fact]
    public async Task Nodes_that_use_other_schemas_do_not_hear_each_other()
    {
        await using var other = await TemporarySchema.CreateAsync();
        await using var stranger = await StartAsync(other);
        var engine = stranger.Services.GetRequiredService<RealtimeNode>();
        await Until.TrueAsync(() => _here.Services.GetRequiredService<RealtimeNode>().OtherNodes!.Ids.Count == 1, "the two find each other");
        engine.OtherNodes!.Ids.Should().BeEmpty();
    }

    private async Task<long> TerminateAsync(string which) => (long)(await _schema.RunAsync(
        $"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{_schema.Name}' AND ({which})"))!;

    private Task<TestNode> StartAsync(TemporarySchema? schema = null, TimeSpan? interval = null) => TestNode.StartAsync(
        builder => builder
            .UsePostgreSqlStore(
                new NpgsqlConnectionStringBuilder(_schema.ConnectionString) { ApplicationName = _schema.Name }.ConnectionString,
                options => options.Schema = (schema ?? _schema).Name)
            .UsePostgreSqlBroker(),
        options => options.RepairInterval = interval ?? TimeSpan.FromHours(1));

    private static async Task<TestClient> SubscribeAsync(TestNode node, string user, string channel)
    {
        var client = await node.ConnectAsync(user);
        (await client.RequestAsync($$"""{"type":"subscribe","id":2,"channel":"{{channel}}"}""", 2)).GetProperty("type").GetString().Should().Be("subscribed");
        return client;
    }

    // A backend that was terminated may be one of the store's.
    private static async Task SendAsync(TestNode node, string text)
    {
        var message = new OutgoingMessage { Text = text, Id = new MessageId(Guid.NewGuid()) };
        for (var tries = 0; ; tries++)
        {
            try
            {
                await node.Messaging.Messages.SendAsync("a", message, cancellationToken: Cancel);
                return;
            }
            catch (StoreUnavailableException) when (tries < 100)
            {
                await Task.Delay(20, Cancel);
            }
        }
    }

    private static Task<JsonElement> ChangeAsync(TestClient client) =>
        client.WaitAsync(frame => frame.GetProperty("type").GetString() is "event" or "changes", "a change");

    private static async Task<List<string>> TextsAsync(TestClient client, int count)
    {
        var texts = new List<string>();
        while (texts.Count < count) texts.AddRange(Messages(await ChangeAsync(client)).Select(message => message.GetProperty("text").GetString()!));
        return texts;
    }

    private static IEnumerable<JsonElement> Messages(JsonElement frame) =>
        frame.TryGetProperty("message", out var message) ? [message] : frame.GetProperty("messages").EnumerateArray();
}
