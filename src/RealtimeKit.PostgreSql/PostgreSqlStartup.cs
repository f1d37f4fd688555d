using Microsoft.Extensions.Hosting;

namespace RealtimeKit.PostgreSql;

/// <summary>Prepares the database when the host starts, so that a wrong one stops the start and not the first message.</summary>
internal sealed class PostgreSqlStartup(PostgreSqlStore store) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken) =>
        await store.InitializeAsync(cancellationToken).ConfigureAwait(false);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
