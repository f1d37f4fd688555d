using System.Globalization;
using Npgsql;

namespace RealtimeKit.Chaos.Nodes;

/// <summary>Where database and broker are, and how a node that reaches them through a proxy names them.</summary>
/// <param name="ConnectionString">The database's: PostgreSQL's, or SQLite's where there is one node only.</param>
/// <param name="DatabasePort">PostgreSQL's port.</param>
/// <param name="BrokerUri">The broker's.</param>
internal sealed record ServerAddresses(string ConnectionString, int? DatabasePort, Uri? BrokerUri)
{
    public int? BrokerPort => BrokerUri?.Port;

    public string Database(int? proxy) => proxy is { } port
        ? new NpgsqlConnectionStringBuilder(ConnectionString) { Port = port }.ConnectionString
        : ConnectionString;

    public string? Broker(int? proxy) => BrokerUri is null ? null
        : proxy is { } port ? new UriBuilder(BrokerUri) { Port = port }.Uri.ToString().TrimEnd('/') + "/"
        : BrokerUri.ToString();

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"database on {DatabasePort}, broker on {BrokerPort}");
}
