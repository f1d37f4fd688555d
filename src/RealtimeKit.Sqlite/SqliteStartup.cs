using Microsoft.Extensions.Hosting;

namespace RealtimeKit.Sqlite;

/// <summary>Opens the database when the host starts, so that a wrong file stops the start and not the first message.</summary>
internal sealed class SqliteStartup(SqliteStore store) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken) =>
        await store.InitializeAsync(cancellationToken).ConfigureAwait(false);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
