using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace RealtimeKit.Sqlite.Database;

/// <summary>One open connection with its prepared statements. One user at a time.</summary>
internal sealed class SqliteSession(SqliteConnection connection) : IDisposable
{
    // By reference: the texts are constants, and hashing them would cost more than some statements.
    private readonly Dictionary<string, (Statement Statement, sqlite3_stmt Handle)> _statements = new(ReferenceEqualityComparer.Instance);

    private sqlite3 Handle => connection.Handle!;

    /// <summary>Whether a transaction is open.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(Handle) == 0;

    /// <summary>The database's file with its whole path.</summary>
    public string FileName => raw.sqlite3_db_filename(Handle, "main").utf8_to_string();

    /// <summary>The statement of a constant text, ready for its parameters in their order.</summary>
    public Statement Use(string sql)
    {
        if (_statements.TryGetValue(sql, out var known)) return known.Statement;
        var code = raw.sqlite3_prepare_v3(Handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var handle);
        if (code != raw.SQLITE_OK) SqliteException.ThrowExceptionForRC(code, Handle);
        var statement = new Statement(Handle, handle);
        _statements.Add(sql, (statement, handle));
        return statement;
    }

    /// <summary>Runs text that is used once, such as a migration: any number of statements, whose rows are dropped.</summary>
    public void Run(string sql)
    {
        var code = raw.sqlite3_exec(Handle, sql);
        if (code != raw.SQLITE_OK) SqliteException.ThrowExceptionForRC(code, Handle);
    }

    /// <summary>Undoes what the present write did so far, and nothing else of its transaction.</summary>
    public void UndoWork() => Use("ROLLBACK TO work").Execute();

    /// <summary>Ends the transaction, if one is open, without its effects.</summary>
    public void Rollback()
    {
        if (InTransaction) Run("ROLLBACK");
    }

    public void Dispose()
    {
        foreach (var (_, handle) in _statements.Values) handle.Dispose();
        _statements.Clear();
        connection.Dispose();
    }
}
