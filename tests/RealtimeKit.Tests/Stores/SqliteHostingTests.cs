using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using RealtimeKit.Sqlite;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>The store in a host: what is wrong stops the start, in words that tell what to do.</summary>
public sealed class SqliteHostingTests : IDisposable
{
    private readonly TemporaryDatabase _database = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _database.Dispose();

    [Fact]
    public async Task Host_starts_with_one_store_for_both_contracts()
    {
        using var host = Build(_database.ConnectionString);
        await host.StartAsync(Cancel);
        File.Exists(_database.Path).Should().BeTrue();
        host.Services.GetRequiredService<IMessageStore>().Should().BeSameAs(host.Services.GetRequiredService<IChannelStore>());
        await host.StopAsync(Cancel);
    }

    [Fact]
    public async Task Wrong_file_stops_the_start()
    {
        await File.WriteAllTextAsync(_database.Path, new string('x', 5_000), Cancel);
        using var host = Build(_database.ConnectionString);
        await host.Invoking(one => one.StartAsync(Cancel)).Should().ThrowAsync<InvalidOperationException>().WithMessage("*not an SQLite database*");
    }

    [Theory]
    [InlineData("Data Source=:memory:", "*UseInMemoryStore()*")]
    [InlineData("Data Source=file::memory:", "*UseInMemoryStore()*")]
    [InlineData("Data Source=x;Mode=Memory", "*UseInMemoryStore()*")]
    [InlineData("Data Source=file:x?mode=memory", "*UseInMemoryStore()*")]
    [InlineData("", "*Data Source=chat.db*")]
    [InlineData("Data Source=x;Mode=ReadOnly", "*ReadOnly*")]
    [InlineData("Nonsense=1", "*cannot be read*")]
    public async Task Wrong_connection_string_stops_the_start(string connectionString, string message)
    {
        using var host = Build(connectionString);
        await host.Invoking(one => one.StartAsync(Cancel)).Should().ThrowAsync<OptionsValidationException>().WithMessage(message);
    }

    [Fact]
    public async Task Wrong_numbers_stop_the_start()
    {
        using var host = Build(_database.ConnectionString, options =>
        {
            options.Readers = 0;
            options.BusyTimeout = TimeSpan.FromMinutes(2);
            options.CheckpointPages = 1;
        });
        (await host.Invoking(one => one.StartAsync(Cancel)).Should().ThrowAsync<OptionsValidationException>())
            .Which.Failures.Should().HaveCount(3);
    }

    private static IHost Build(string connectionString, Action<SqliteStoreOptions>? configure = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddRealtimeMessaging().UseSqliteStore(connectionString, configure);
        return builder.Build();
    }
}
