using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.PostgreSql.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>Reads and changes the settings of channels. A change takes two round trips and locks its channel's row, as one of members does.</summary>
internal static class Settings
{
    /// <summary>The columns of the channel <c>c</c>.</summary>
    public const string Columns = "c.title, c.data, c.closed, c.slow_mode";

    /// <summary>How many columns these are.</summary>
    public const int Count = 4;

    public const string Find = $"SELECT c.id, c.revision, {Columns} FROM channels c WHERE c.name = $1";

    public const string Put = "UPDATE channels SET title = $2, data = $3, closed = $4, slow_mode = $5, revision = $6, stamp = txid_current() WHERE name = $1";

    public static ChannelSettings Read(NpgsqlDataReader row, int at) => new(
        MessageRow.Text(row, at), MessageRow.Json(row, at + 1), row.GetBoolean(at + 2), row.GetInt32(at + 3));

    public static async Task<SettingsResult> UpdateAsync(DatabaseSession session, SettingsChange change)
    {
        var found = await session.RunAsync(
            ReadAsync,
            Sql.Command("BEGIN"),
            Sql.Command(MemberWriter.Lock, Sql.Parameter(change.Channel)),
            // A statement of its own, so that it sees what was committed while the lock was waited for.
            Sql.Command(Find, Sql.Parameter(change.Channel))).ConfigureAwait(false);
        var result = change.Decide(found is null ? null : (found.Value.Settings, found.Value.Revision));
        await session.RunAsync([.. Write(found?.Channel, change.Channel, result, found?.Settings), Sql.Command("COMMIT")]).ConfigureAwait(false);
        return result;
    }

    private static IEnumerable<NpgsqlBatchCommand> Write(long? channel, string name, SettingsResult result, ChannelSettings? before)
    {
        if (channel is not { } id || result.Outcome != SettingsOutcome.Changed) yield break;
        var settings = result.Settings;
        yield return Sql.Command(
            Put, Sql.Parameter(name), Sql.Parameter(settings.Name), Sql.Parameter(settings.Data?.ToString()), Sql.Parameter(settings.Closed),
            Sql.Parameter(settings.SlowMode), Sql.Parameter(result.Revision));
        // What is kept of an earlier slow mode is older than the last messages say.
        if (before!.SlowMode == 0 && settings.SlowMode > 0) yield return Sql.Command("DELETE FROM paces WHERE channel = $1", Sql.Parameter(id));
        if (settings.Name != before.Name)
        {
            yield return Sql.Command(PublicChannels.Remove, Sql.Parameter(id));
            yield return PublicChannels.Add(name, settings.Name);
        }

        if (result.Action is { } action && Actions.Keep([(id, action)]) is { } kept) yield return kept;
    }

    private static async Task<(long Channel, ChannelSettings Settings, long Revision)?> ReadAsync(NpgsqlDataReader rows)
    {
        // A channel that was made after the lock is not there yet for this call.
        if (!await rows.ReadAsync().ConfigureAwait(false)) return null;
        await rows.NextResultAsync().ConfigureAwait(false);
        return await rows.ReadAsync().ConfigureAwait(false) ? (rows.GetInt64(0), Read(rows, 2), rows.GetInt64(1)) : null;
    }
}
