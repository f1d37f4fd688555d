using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Sqlite.Messages;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Channels;

/// <summary>Reads and changes the settings of channels.</summary>
internal static class Settings
{
    /// <summary>The columns of the channel <c>c</c>.</summary>
    public const string Columns = "c.title, c.data, c.closed, c.slow_mode";

    private const string Select = $"SELECT c.id, c.revision, {Columns} FROM channels c WHERE c.name = ?";
    private const string Put = $"UPDATE channels SET title = ?1, data = ?2, closed = ?3, slow_mode = ?4, revision = ?5, stamp = ?6, era = ?6 {Stamps.Era} WHERE name = ?7";

    public static ChannelSettings Read(Statement row, int at) => new(
        row.NullableText(at), row.IsNull(at + 1) ? null : JsonValue.FromTrusted(row.Bytes(at + 1).ToArray()), row.Int64(at + 2) == 1, (int)row.Int64(at + 3));

    public static SettingsResult Update(SqliteSession session, SettingsChange change)
    {
        if (Find(session, change.Channel) is not (var channel, var found, var revision)) return change.Decide(null);
        var result = change.Decide((found, revision));
        if (result.Outcome != SettingsOutcome.Changed) return result;
        var settings = result.Settings;
        session.Use(Put).Bind(settings.Name).Bind(settings.Data?.ToString()).Bind(settings.Closed ? 1 : 0).Bind(settings.SlowMode).Bind(result.Revision)
            .Bind(Stamps.Next(session)).Bind(change.Channel).Execute();
        // What is kept of an earlier slow mode is older than the last messages say.
        if (found.SlowMode == 0 && settings.SlowMode > 0) session.Use("DELETE FROM paces WHERE channel = ?").Bind(channel).Execute();
        if (settings.Name != found.Name && session.Use("SELECT listed FROM channels WHERE id = ?").Bind(channel).Scalar() == 1)
        {
            PublicChannels.Delete(session, channel);
            PublicChannels.Add(session, channel, settings.Name, change.Channel);
        }

        if (result.Action is { } action) Actions.Keep(session, channel, action);
        return result;
    }

    private static (long Channel, ChannelSettings Settings, long Revision)? Find(SqliteSession session, string channel)
    {
        using var row = session.Use(Select).Bind(channel);
        return row.Step() ? (row.Int64(0), Read(row, 2), row.Int64(1)) : null;
    }
}
