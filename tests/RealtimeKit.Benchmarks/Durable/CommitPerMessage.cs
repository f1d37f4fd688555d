using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace RealtimeKit.Benchmarks.Durable;

/// <summary>
/// What an application does that writes each message when it comes: one insert, one commit, with one prepared command
/// used again and again. Rows and keys are those of the store's own table of messages.
/// </summary>
internal static class CommitPerMessage
{
    private const string Schema = """
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        CREATE TABLE message (
            key INTEGER PRIMARY KEY, change INTEGER NOT NULL UNIQUE, channel INTEGER NOT NULL, id BLOB NOT NULL,
            sender TEXT NOT NULL, time INTEGER NOT NULL, digest BLOB NOT NULL, text TEXT NOT NULL,
            UNIQUE (channel, id));
        """;

    /// <summary>Messages per second.</summary>
    public static double Run(string file, TimeSpan time, int channels)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        connection.Open();
        using (var schema = connection.CreateCommand())
        {
            schema.CommandText = Schema;
            schema.ExecuteNonQuery();
        }

        using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO message VALUES ($key, $key, $channel, $id, 'u1', $time, $digest, $text)";
        var channel = insert.Parameters.Add("$channel", SqliteType.Integer);
        var key = insert.Parameters.Add("$key", SqliteType.Integer);
        var id = insert.Parameters.Add("$id", SqliteType.Blob);
        insert.Parameters.AddWithValue("$time", TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        insert.Parameters.AddWithValue("$digest", new byte[16]);
        insert.Parameters.AddWithValue("$text", new string('x', Wires.Wire.PayloadSize));
        insert.Prepare();

        var (start, count) = (Stopwatch.GetTimestamp(), 0);
        for (; Stopwatch.GetElapsedTime(start) < time; count++)
        {
            channel.Value = count % channels;
            key.Value = ((long)(count % channels) << 36) + 1 + (count / channels);
            id.Value = Guid.CreateVersion7().ToByteArray(bigEndian: true);
            insert.ExecuteNonQuery();
        }

        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
