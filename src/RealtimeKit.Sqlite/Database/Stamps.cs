using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Database;

/// <summary>The order of the writes that inboxes resume by: each gets the next number, in the order of the commits, because one writes at a time.</summary>
internal static class Stamps
{
    /// <summary>
    /// The eras of channels have 1,024 stamps, and only these are indexed: were it the stamps themselves, every batch would write an index more.
    /// </summary>
    public const string Era = ">> 10";

    /// <summary>Takes the next stamp, inside the writer's transaction.</summary>
    public static long Next(SqliteSession session) => session.Use("UPDATE clock SET stamp = stamp + 1 RETURNING stamp").Scalar()!.Value;

    /// <summary>The position behind all that a reader's transaction sees.</summary>
    public static InboxPosition Position(SqliteSession session)
    {
        using var row = session.Use("SELECT epoch, stamp FROM clock");
        // The schema has one row.
        _ = row.Step();
        return new InboxPosition(row.Text(0), row.Int64(1) + 1);
    }

    /// <summary>Makes all earlier positions useless.</summary>
    public static void RenewEpoch(SqliteSession session) => session.Use("UPDATE clock SET epoch = lower(hex(randomblob(10)))").Execute();
}
