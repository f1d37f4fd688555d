using Npgsql;

namespace RealtimeKit.PostgreSql.Database;

/// <summary>One open connection in a known state, with its prepared statements. One user at a time.</summary>
internal sealed class DatabaseSession : IAsyncDisposable
{
    // A standby that should hold the commit was not waited for: PostgreSQL says so and calls the commit a success.
    private const string ReplicationWait = "SyncRepWaitForLSN";

    private readonly NpgsqlConnection _connection;
    private readonly int _timeout;
    private bool _unreplicated;

    /// <param name="connection">An open connection; it is this session's from now on.</param>
    /// <param name="timeout">The most seconds for one command.</param>
    /// <param name="generation">Which of the database's lives it was opened in.</param>
    public DatabaseSession(NpgsqlConnection connection, int timeout, int generation)
    {
        (_connection, _timeout, Generation) = (connection, timeout, generation);
        connection.Notice += (_, notice) => _unreplicated |= notice.Notice.Routine == ReplicationWait;
    }

    public int Generation { get; }

    /// <summary>Ends this session's work once its caller was given an exception: no further statement begins.</summary>
    public CancellationToken GivenUp { get; set; }

    /// <summary>
    /// Runs commands in one round trip and, where no transaction is open, in a transaction of their own that is
    /// committed when this returns. Each command sees what was committed before it began.
    /// </summary>
    public async Task<T> RunAsync<T>(Func<NpgsqlDataReader, Task<T>> read, params NpgsqlBatchCommand[] commands)
    {
        var batch = new NpgsqlBatch(_connection) { Timeout = _timeout };
        await using (batch.ConfigureAwait(false))
        {
            foreach (var command in commands) batch.BatchCommands.Add(command);
            // A round trip the first time only: what is prepared already is found by its text.
            GivenUp.ThrowIfCancellationRequested();
            await batch.PrepareAsync(CancellationToken.None).ConfigureAwait(false);
            // Only looked at, never passed on: a statement under way has an outcome that must be known before its session is used again.
            GivenUp.ThrowIfCancellationRequested();
            var rows = await batch.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
            await using (rows.ConfigureAwait(false))
            {
                var result = await read(rows).ConfigureAwait(false);
                // To the very end: a failed commit shows there.
                while (await rows.NextResultAsync().ConfigureAwait(false))
                {
                }

                if (_unreplicated) throw new NpgsqlException("The standby that should hold the commit was not waited for.");
                return result;
            }
        }
    }

    /// <summary>Runs commands whose rows do not matter.</summary>
    public Task RunAsync(params NpgsqlBatchCommand[] commands) => RunAsync(static _ => Task.FromResult(true), commands);

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
