using Npgsql;
using RealtimeKit.Servers;

namespace RealtimeKit.Benchmarks.Scale;

/// <summary>What was read: the bytes of the pages that were touched, and the rows; for SQLite the steps of its virtual machine.</summary>
internal readonly record struct Reads(long Bytes, double Rows);

/// <summary>Counts what a database reads.</summary>
internal interface IReads
{
    /// <summary>What it has read since the call before.</summary>
    Task<Reads> SinceAsync();

    /// <summary>Ends the counting, for nodes that are started afterwards.</summary>
    Task EndAsync();
}

/// <summary>What PostgreSQL logs of its statements.</summary>
internal sealed class PostgreSqlReads(PostgreSqlServer server) : IReads
{
    private const long PageBytes = 8192;

    private readonly StatementLog _log = new(server);

    public static async Task<IReads> OfAsync(PostgreSqlServer server)
    {
        var reads = new PostgreSqlReads(server);
        await reads.RunAsync(StatementLog.Begin);
        // What was deleted and changed while the times were taken is tidied up, as it is in use.
        await reads.RunAsync("VACUUM ANALYZE");
        return reads;
    }

    public async Task<Reads> SinceAsync()
    {
        var statements = await _log.ReadAsync();
        return new Reads(statements.Sum(one => one.Pages) * PageBytes, statements.Sum(one => one.Rows));
    }

    public Task EndAsync() => RunAsync("ALTER DATABASE postgres RESET ALL");

    private async Task RunAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString + ";Pooling=false;Command Timeout=600");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}

/// <summary>What SQLite counts for its connections.</summary>
internal sealed class SqliteReads(string file) : IReads
{
    private const long PageBytes = 4096;

    private (long Pages, long Steps) _last;

    public static Task<IReads> OfAsync(string file) => Task.FromResult<IReads>(new SqliteReads(file));

    public Task<Reads> SinceAsync()
    {
        var now = SqliteMeter.Read(file);
        var reads = new Reads((now.Pages - _last.Pages) * PageBytes, now.Steps - _last.Steps);
        _last = now;
        return Task.FromResult(reads);
    }

    public Task EndAsync() => Task.CompletedTask;
}
