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

    private static readonly string[] Steps = [Schema.Version1];

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
            await ScalarAsync("SELECT pg_advisory_xact_lock(hashtextextended('realtimekit ' || $1, 0))", schema).ConfigureAwait(false);
            var version = await ReadVersionAsync().ConfigureAwait(false);
            if (version == 0) await CreateAsync().ConfigureAwait(false);
            await RunAsync($"SET LOCAL search_path = {Sql.Quote(schema)}").ConfigureAwait(false);
            for (; version < Version; version++) await RunAsync(Steps[version]).ConfigureAwait(false);
            await RunAsync("DELETE FROM schema_version").ConfigureAwait(false);
            await ScalarAsync("INSERT INTO schema_version VALUES($1)", Version).ConfigureAwait(false);
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CreateAsync()
    {
        // Asked first, because "IF NOT EXISTS" needs the right to create even where there is nothing to create.
        if (await ScalarAsync("SELECT EXISTS(SELECT FROM pg_namespace WHERE nspname = $1)", schema).ConfigureAwait(false) is not true)
            await RunAsync($"CREATE SCHEMA {Sql.Quote(schema)}").ConfigureAwait(false);
        else if (await ScalarAsync("SELECT EXISTS(SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1)", schema).ConfigureAwait(false) is true)
            throw new InvalidOperationException($"The schema '{schema}' of {name} has tables of something else: give the messages a schema of their own.");
        await RunAsync($"CREATE TABLE {Sql.Quote(schema)}.schema_version(version integer NOT NULL)").ConfigureAwait(false);
    }

    // 0 where there is none. The catalogue is read, not to_regclass: that remembers from before the lock that there is nothing.
    private async Task<int> ReadVersionAsync()
    {
        const string exists =
            "SELECT EXISTS(SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relname = 'schema_version')";
        if (await ScalarAsync(exists, schema).ConfigureAwait(false) is not true) return 0;
        var version = await ScalarAsync($"SELECT version FROM {Sql.Quote(schema)}.schema_version").ConfigureAwait(false) as int? ?? 0;
        if (version > Version)
            throw new InvalidOperationException(
                $"The schema '{schema}' of {name} has version {version}, but this RealtimeKit.PostgreSql knows versions up to {Version}: use a newer one.");
        return version;
    }

    private async Task RunAsync(string sql)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = Patience };
        await using (command.ConfigureAwait(false)) await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<object?> ScalarAsync<T>(string sql, T argument)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = Patience, Parameters = { Sql.Parameter(argument) } };
        await using (command.ConfigureAwait(false)) return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<object?> ScalarAsync(string sql)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = Patience };
        await using (command.ConfigureAwait(false)) return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
    }
}
