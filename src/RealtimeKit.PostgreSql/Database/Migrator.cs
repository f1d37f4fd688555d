using Npgsql;

namespace RealtimeKit.PostgreSql.Database;

/// <summary>
/// Brings the schema to the version that this package knows: forward only, all steps in one transaction, under a lock that
/// lets one node at a time do it. A later version only adds to what an earlier one uses, so that nodes of both run side by
/// side while they are being replaced.
/// </summary>
internal sealed class Migrator(NpgsqlConnection connection, string schema, string name, CancellationToken cancellationToken)
{
    // How long a step, or the wait for another node's steps, may take.
    private const int Patience = 600;

    private static readonly string[] Steps = [Schema.Version1, Schema.Version2];

    /// <summary>The version that this package writes.</summary>
    public static int Version => Steps.Length;

    /// <summary>Makes the schema or takes the steps that it has not seen. Another node that does the same is waited for.</summary>
    /// <exception cref="InvalidOperationException">The schema belongs to something else, or to a newer version of this package.</exception>
    public async Task MigrateAsync()
    {
        if (await ReadVersionAsync().ConfigureAwait(false) == Version) return;
        var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            // The others wait for as long as the one takes.
            await RunAsync("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL client_min_messages = warning").ConfigureAwait(false);
            await ScalarAsync("SELECT pg_advisory_xact_lock(hashtextextended('realtimekit ' || $1, 0))", Sql.Parameter(schema)).ConfigureAwait(false);
            var version = await ReadVersionAsync().ConfigureAwait(false);
            if (version == 0) await CreateAsync().ConfigureAwait(false);
            await RunAsync($"SET LOCAL search_path = {Sql.Quote(schema)}").ConfigureAwait(false);
            for (; version < Version; version++) await RunAsync(Steps[version]).ConfigureAwait(false);
            await RunAsync("DELETE FROM schema_version").ConfigureAwait(false);
            await ScalarAsync("INSERT INTO schema_version VALUES($1)", Sql.Parameter(Version)).ConfigureAwait(false);
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CreateAsync()
    {
        // Asked first, because "IF NOT EXISTS" needs the right to create even where there is nothing to create.
        if (!await ExistsAsync("SELECT EXISTS(SELECT FROM pg_namespace WHERE nspname = $1)").ConfigureAwait(false))
            await RunAsync($"CREATE SCHEMA {Sql.Quote(schema)}").ConfigureAwait(false);
        else if (await ExistsAsync("SELECT EXISTS(SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1)").ConfigureAwait(false))
            throw new InvalidOperationException($"The schema '{schema}' has tables of something else: give the messages a schema of their own. {name}.");
        await RunAsync($"CREATE TABLE {Sql.Quote(schema)}.schema_version(version integer NOT NULL)").ConfigureAwait(false);
    }

    // 0 where there is none. The catalogs are read as tables: what is looked up by name may come from a cache that is older than the lock.
    private async Task<int> ReadVersionAsync()
    {
        const string exists =
            "SELECT EXISTS(SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'schema_version')";
        if (!await ExistsAsync(exists).ConfigureAwait(false)) return 0;
        var version = await ScalarAsync($"SELECT version FROM {Sql.Quote(schema)}.schema_version").ConfigureAwait(false) as int? ?? 0;
        if (version > Version)
            throw new InvalidOperationException(
                $"The schema '{schema}' has version {version}, but this RealtimeKit.PostgreSql knows versions up to {Version}: use a newer one. {name}.");
        return version;
    }

    private async Task<bool> ExistsAsync(string sql) => await ScalarAsync(sql, Sql.Parameter(schema)).ConfigureAwait(false) is true;

    private async Task RunAsync(string sql)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = Patience };
        await using (command.ConfigureAwait(false)) await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<object?> ScalarAsync(string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = Patience };
        command.Parameters.AddRange(parameters);
        await using (command.ConfigureAwait(false)) return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
    }
}
