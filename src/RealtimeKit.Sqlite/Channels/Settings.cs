using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Channels;

/// <summary>Reads and changes the settings of channels.</summary>
internal static class Settings
{
    /// <summary>The columns of the channel <c>c</c>.</summary>
    public const string Columns = "c.title, c.data, c.closed, c.slow_mode";

    private const string Select = $"SELECT c.revision, {Columns} FROM channels c WHERE c.name = ?";
    private const string Put = "UPDATE channels SET title = ?, data = ?, closed = ?, slow_mode = ?, revision = ? WHERE name = ?";

    public static ChannelSettings Read(Statement row, int at) => new(
        row.NullableText(at), row.IsNull(at + 1) ? null : JsonValue.FromTrusted(row.Bytes(at + 1).ToArray()), row.Int64(at + 2) == 1, (int)row.Int64(at + 3));

    public static SettingsResult Update(SqliteSession session, SettingsChange change)
    {
        var result = change.Decide(Find(session, change.Channel));
        if (result.Outcome != SettingsOutcome.Changed) return result;
        var settings = result.Settings;
        session.Use(Put).Bind(settings.Name).Bind(settings.Data?.ToString()).Bind(settings.Closed ? 1 : 0).Bind(settings.SlowMode).Bind(result.Revision)
            .Bind(change.Channel).Execute();
        return result;
    }

    private static (ChannelSettings Settings, long Revision)? Find(SqliteSession session, string channel)
    {
        using var row = session.Use(Select).Bind(channel);
        return row.Step() ? (Read(row, 1), row.Int64(0)) : null;
    }
}
