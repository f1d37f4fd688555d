using Npgsql;

namespace RealtimeKit.PostgreSql;

/// <summary>How the PostgreSQL store reaches and uses its database. Validated at start.</summary>
public sealed class PostgreSqlStoreOptions
{
    /// <summary>
    /// The connection string, such as <c>Host=db;Database=chat;Username=chat;Password=…</c>. Required, unless
    /// <see cref="DataSource"/> is given. With several hosts the primary among them is used. Pooling, timeouts and target are the store's own.
    /// </summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>
    /// The host's own data source, instead of <see cref="ConnectionString"/>, for what only that can do, such as passwords that
    /// change. The host disposes of it. The store keeps the connections that it takes from it, up to <see cref="MaxConnections"/>.
    /// </summary>
    public NpgsqlDataSource? DataSource { get; set; }

    /// <summary>
    /// The schema that holds the tables; made where there is none. Default: <c>realtimekit</c>; 1 to 63 of lower-case letters,
    /// digits and <c>_</c>, not beginning with a digit or <c>pg_</c>.
    /// </summary>
    public string Schema { get; set; } = "realtimekit";

    /// <summary>The most connections of this node; one of them only appends. Default: 10; from 2 to 100.</summary>
    public int MaxConnections { get; set; } = 10;

    /// <summary>
    /// How long the database may take for one call before it ends as unavailable; a server that answers nothing at all costs 1
    /// second more. Default: 5 seconds; from 1 second to 1 minute.
    /// </summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(5);
}
