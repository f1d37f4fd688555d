using Microsoft.Data.Sqlite;
using RealtimeKit;
using RealtimeKit.Protocol;

namespace Snippets;

/// <summary>
/// A message that is sent exactly if your transaction commits. The row carries the message's id, so a second attempt after a
/// crash stores nothing twice. Table: <c>outbox(place INTEGER PRIMARY KEY, id TEXT, channel TEXT, text TEXT)</c>
/// </summary>
public sealed class Outbox(string connectionString, IRealtimeMessaging messaging)
{
    /// <summary>In your transaction, beside your own changes.</summary>
    public static async Task AddAsync(SqliteTransaction transaction, string channel, string text) =>
        await RunAsync(transaction.Connection!, transaction, "INSERT INTO outbox(id, channel, text) VALUES($1, $2, $3)", MessageId.Create().ToString(), channel, text);

    /// <summary>After the commit, and at every start. One at a time, or messages change their order.</summary>
    public async Task SendAsync(CancellationToken cancellationToken)
    {
        await using var connection = new SqliteConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        foreach (var (place, id, channel, text) in await ReadAsync(connection))
        {
            await messaging.Messages.SendAsync(channel, new OutgoingMessage { Id = MessageId.Parse(id), Text = text }, cancellationToken: cancellationToken);
            await RunAsync(connection, null, "DELETE FROM outbox WHERE place = $1", place);
        }
    }

    private static async Task<List<(long Place, string Id, string Channel, string Text)>> ReadAsync(SqliteConnection connection)
    {
        await using var command = new SqliteCommand("SELECT place, id, channel, text FROM outbox ORDER BY place", connection);
        await using var rows = await command.ExecuteReaderAsync();
        List<(long, string, string, string)> waiting = [];
        while (await rows.ReadAsync()) waiting.Add((rows.GetInt64(0), rows.GetString(1), rows.GetString(2), rows.GetString(3)));
        return waiting;
    }

    private static async Task RunAsync(SqliteConnection connection, SqliteTransaction? transaction, string sql, params object[] values)
    {
        await using var command = new SqliteCommand(sql, connection, transaction);
        for (var i = 0; i < values.Length; i++) command.Parameters.AddWithValue($"${i + 1}", values[i]);
        await command.ExecuteNonQueryAsync();
    }
}
