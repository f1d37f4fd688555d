namespace RealtimeKit.Sqlite;

/// <summary>How the SQLite store opens and uses its database. Validated at start.</summary>
public sealed class SqliteStoreOptions
{
    /// <summary>
    /// The connection string, such as <c>Data Source=chat.db</c>. Required. The file is made where there is none; its
    /// folder must exist. A database in memory is refused: <c>UseInMemoryStore()</c> is for that.
    /// </summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>The most connections that read at the same time, beside the one that writes. Default: 4; from 1 to 64.</summary>
    public int Readers { get; set; } = 4;

    /// <summary>
    /// How long a call waits for a free connection to read before it ends as unavailable. Default: 5 seconds; from 1 second to
    /// 1 minute.
    /// </summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a call waits for a lock that another process holds before it ends as unavailable. Default: 1 second; from 0
    /// to 1 minute.
    /// </summary>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// After how many pages of 4 KiB in the write-ahead log they are moved to the database. More write faster and let the
    /// log grow longer. Where reads keep it from beginning anew, they are held back for a moment at four times as many. Default: 4,000; from 100 to 1,000,000.
    /// </summary>
    public int CheckpointPages { get; set; } = 4_000;
}
