namespace RealtimeKit.Sqlite.Channels;

/// <summary>
/// How many rows a piece of background work takes: as many as take some milliseconds with their commit, be they short or long, because others wait
/// for the same connection. Not safe for concurrent use.
/// </summary>
internal sealed class PieceSize(TimeProvider time)
{
    private const int Fewest = 50;
    private const int Most = 1_000;
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Long = TimeSpan.FromMilliseconds(20);

    /// <summary>How many rows the next piece takes.</summary>
    public int Rows { get; private set; } = Fewest;

    /// <summary>Notes a piece that began then and has ended.</summary>
    public void Note(long began)
    {
        var took = time.GetElapsedTime(began);
        if (took < Short) Rows = Math.Min(Rows * 2, Most);
        else if (took > Long) Rows = Math.Max(Rows / 2, Fewest);
    }
}
