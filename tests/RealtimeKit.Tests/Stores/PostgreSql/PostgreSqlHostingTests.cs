using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;
using RealtimeKit.PostgreSql;
using RealtimeKit.Servers;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>The store in a host: what is wrong stops the start, in words that tell what to do.</summary>
public sealed class PostgreSqlHostingTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Host_starts_with_one_store_for_both_contracts()
    {
        await using var schema = await TemporarySchema.CreateAsync();
        using var host = Build(messaging => messaging.UsePostgreSqlStore(schema.ConnectionString, options => options.Schema = schema.Name));
        await host.StartAsync(Cancel);
        (await schema.RunAsync("SELECT version FROM schema_version")).Should().Be(2);
        host.Services.GetRequiredService<IMessageStore>().Should().BeSameAs(host.Services.GetRequiredService<IChannelStore>());
        await host.StopAsync(Cancel);
    }

    [Fact]
    public async Task Host_may_bring_its_own_data_source_and_keeps_it()
    {
        await using var schema = await TemporarySchema.CreateAsync();
        await using var source = NpgsqlDataSource.Create(schema.ConnectionString);
        using (var host = Build(messaging => messaging.UsePostgreSqlStore(source, options => options.Schema = schema.Name)))
        {
            await host.StartAsync(Cancel);
            var store = host.Services.GetRequiredService<PostgreSqlStore>();
            await Changes.CreateLobbyAsync(store);
            (await store.AppendAsync([Changes.Post("lobby", "x")], Cancel))[0].Outcome.Should().Be(AppendOutcome.Appended);
            await host.StopAsync(Cancel);
        }

        // Connections come back as they were taken.
        await using var command = source.CreateCommand("SELECT current_setting('search_path') || current_setting('enable_seqscan')");
        (await command.ExecuteScalarAsync(Cancel)).Should().Be("\"$user\", publicon");
    }

    [Fact]
    public async Task Server_that_is_away_stops_the_start_and_is_named()
    {
        var port = await ServerScript.FreePortAsync();
        using var host = Build(messaging => messaging.UsePostgreSqlStore($"Host=127.0.0.1;Port={port};Database=chat;Username=u;Password=secret"));
        var error = (await host.Invoking(one => one.StartAsync(Cancel)).Should().ThrowAsync<StoreUnavailableException>()).Which;
        error.Message.Should().Contain("'chat'").And.Contain($"127.0.0.1:{port}");
        error.ToString().Should().NotContain("secret");
    }

    [Fact]
    public async Task Database_that_does_not_exist_stops_the_start_and_is_named()
    {
        var settings = new NpgsqlConnectionStringBuilder(await PostgreSqlFixture.ConnectionStringAsync()) { Database = "nowhere" };
        using var host = Build(messaging => messaging.UsePostgreSqlStore(settings.ConnectionString));
        await host.Invoking(one => one.StartAsync(Cancel)).Should().ThrowAsync<InvalidOperationException>().WithMessage("*'nowhere'*does not exist*");
    }

    [Theory]
    [InlineData("", "*Host=localhost*")]
    [InlineData("Database=chat", "*needs a server*")]
    [InlineData("Host=x;Nonsense=secret", "*cannot be read*")]
    [InlineData("nonsense", "*cannot be read*")]
    public async Task Wrong_connection_string_stops_the_start(string connectionString, string message)
    {
        using var host = Build(messaging => messaging.UsePostgreSqlStore(connectionString));
        var error = (await host.Invoking(one => one.StartAsync(Cancel)).Should().ThrowAsync<OptionsValidationException>().WithMessage(message)).Which;
        error.Message.Should().NotContain("secret");
    }

    [Theory]
    [InlineData("")]
    [InlineData("Chat")]
    [InlineData("1chat")]
    [InlineData("pg_chat")]
    [InlineData("chat\"; DROP TABLE x; --")]
    [InlineData("chat\n")]
    [InlineData("a123456789b123456789c123456789d123456789e123456789f123456789g123")]
    public async Task Wrong_schema_stops_the_start(string schema)
    {
        using var host = Build(messaging => messaging.UsePostgreSqlStore("Host=x", options => options.Schema = schema));
        await host.Invoking(one => one.StartAsync(Cancel)).Should().ThrowAsync<OptionsValidationException>().WithMessage("*Schema*");
    }

    [Fact]
    public async Task Wrong_numbers_stop_the_start()
    {
        using var host = Build(messaging => messaging.UsePostgreSqlStore("Host=x", options =>
        {
            options.MaxConnections = 1;
            options.CommandTimeout = TimeSpan.FromMilliseconds(999);
        }));
        (await host.Invoking(one => one.StartAsync(Cancel)).Should().ThrowAsync<OptionsValidationException>())
            .Which.Failures.Should().HaveCount(2);
    }

    [Fact]
    public async Task Store_that_was_disposed_says_so()
    {
        await using var schema = await TemporarySchema.CreateAsync();
        var store = schema.Open();
        await Changes.CreateLobbyAsync(store);
        await store.DisposeAsync();
        await store.DisposeAsync();
        await store.Invoking(one => one.AppendAsync([Changes.Post("lobby", "x")], Cancel).AsTask()).Should().ThrowAsync<ObjectDisposedException>();
        await store.Invoking(one => one.FindAsync("lobby", "ann", Cancel).AsTask()).Should().ThrowAsync<ObjectDisposedException>();
    }

    private static IHost Build(Action<RealtimeMessagingBuilder> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        configure(builder.Services.AddRealtimeMessaging());
        return builder.Build();
    }
}
