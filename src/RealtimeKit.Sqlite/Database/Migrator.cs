using System.Globalization;

namespace RealtimeKit.Sqlite.Database;

/// <summary>
/// Brings a database to the version that this package knows: forward only, each step in a transaction of its own. The
/// file says what it is by <c>application_id</c> and <c>user_version</c>.
/// </summary>
internal static class Migrator
{
    /// <summary>Marks a file as ours: "RTKt" in ASCII.</summary>
    public const int ApplicationId = 0x52544B74;

    private static readonly string[] Steps = [Schema.Version1, Schema.Version2];

    /// <summary>The version that this package writes.</summary>
    public static int Version => Steps.Length;

    /// <summary>Refuses a file that is not ours to touch, before anything in it is changed.</summary>
    /// <exception cref="InvalidOperationException">It belongs to something else, or to a newer version of this package.</exception>
    public static void Check(SqliteSession session, string name)
    {
        // In one transaction, so that the answers match even while another process creates the database.
        session.Run("BEGIN");
        try
        {
            CheckInTransaction(session, name);
        }
        finally
        {
            session.Rollback();
        }
    }

    private static void CheckInTransaction(SqliteSession session, string name)
    {
        var application = session.Use("PRAGMA application_id").Scalar();
        var version = session.Use("PRAGMA user_version").Scalar();
        var isEmpty = application == 0 && version == 0 && session.Use("SELECT count(*) FROM sqlite_master").Scalar() == 0;
        if (isEmpty) return;
        if (application != ApplicationId)
            throw new InvalidOperationException($"The database '{name}' belongs to another application: give the messages a file of their own.");
        if (version > Version)
            throw new InvalidOperationException(
                $"The database '{name}' has version {version}, but this RealtimeKit.Sqlite knows versions up to {Version}: use a newer one.");
    }

    /// <summary>Takes the steps that the file has not seen. Another process that does the same is waited for.</summary>
    public static void Migrate(SqliteSession session, string name)
    {
        while (session.Use("PRAGMA user_version").Scalar() < Version)
        {
            session.Run("BEGIN IMMEDIATE");
            try
            {
                CheckInTransaction(session, name);
                var version = (int)session.Use("PRAGMA user_version").Scalar()!.Value;
                if (version < Version) Step(session, version);
                session.Run("COMMIT");
            }
            finally
            {
                session.Rollback();
            }
        }
    }

    private static void Step(SqliteSession session, int version)
    {
        session.Run(Steps[version]);
        // A pragma takes no parameters; both values are ours.
        session.Run(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {version + 1};"));
    }
}
