using RealtimeKit.Servers;
using RealtimeKit.Tests.Stores;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgreSqlFixture))]

namespace RealtimeKit.Tests.Stores;

/// <summary>
/// The server of the tests that need not stop it: the one that the environment names, or else a private one, started by the
/// first test that asks and stopped after the last.
/// </summary>
public sealed class PostgreSqlFixture : IAsyncDisposable
{
    private static readonly Lazy<Task<PostgreSqlServer>> Private = new(PostgreSqlServer.CreateAsync);

    public static async Task<string> ConnectionStringAsync() =>
        Environment.GetEnvironmentVariable(PostgreSqlServer.Variable) is { Length: > 0 } given ? given : (await Private.Value).ConnectionString;

    public async ValueTask DisposeAsync()
    {
        if (Private.IsValueCreated) await (await Private.Value).DisposeAsync();
    }
}
