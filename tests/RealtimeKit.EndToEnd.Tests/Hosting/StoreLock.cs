using Microsoft.Data.Sqlite;

namespace RealtimeKit.EndToEnd.Hosting;

/// <summary>Another process that writes to the server's database and does not finish: while it is held the store is out of reach.</summary>
public sealed class StoreLock : IDisposable
{
    private readonly SqliteConnection _connection;

    private StoreLock(SqliteConnection connection) => _connection = connection;

    public static StoreLock Take(string database)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = database, Mode = SqliteOpenMode.ReadWrite, Pooling = false, DefaultTimeout = 10,
        }.ToString());
        connection.Open();
        using var begin = connection.CreateCommand();
        begin.CommandText = "BEGIN IMMEDIATE";
        begin.ExecuteNonQuery();
        return new StoreLock(connection);
    }

    public void Dispose() => _connection.Dispose();
}
