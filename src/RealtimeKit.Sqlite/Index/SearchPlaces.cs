using RealtimeKit.Sqlite.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Index;

/// <summary>The place of a message in the index as one integer: its time, and a number among the messages of the same millisecond.</summary>
internal static class SearchPlaces
{
    /// <summary>About how many messages a part of the index has.</summary>
    public const int PartSize = 16_384;

    private const int NumberBits = 20;
    private const long MaxNumber = (1L << NumberBits) - 1;
    private const long MaxTime = long.MaxValue >> NumberBits;

    /// <summary>The first place of a millisecond.</summary>
    public static long First(long time) => Math.Clamp(time, 0, MaxTime) << NumberBits;

    /// <summary>The last place of a millisecond.</summary>
    public static long Last(long time) => First(time) | MaxNumber;

    public static long Time(long place) => place >> NumberBits;

    public static long Of(SearchPosition position) => First(position.Time) | Math.Min(position.Place, MaxNumber);

    public static SearchPosition Position(long place) => new(0, Time(place), place & MaxNumber);

    /// <summary>The part that a place belongs to.</summary>
    public static SearchPart PartOf(SqliteSession session, long place)
    {
        using var row = session.Use(Part).Bind(place).Bind(place);
        return row.Step() ? new SearchPart(row.Int64(0), row.Int64(1), row.NullableInt64(2) ?? long.MaxValue) : new SearchPart(1, 0, long.MaxValue);
    }

    private const string Part =
        "SELECT part, first, (SELECT min(first) FROM search_parts WHERE first > ?) FROM search_parts WHERE first <= ? ORDER BY first DESC LIMIT 1";
}

/// <summary>A part of the index.</summary>
/// <param name="Number">What its tokens begin with.</param>
/// <param name="First">Its first place.</param>
/// <param name="End">The first place behind it.</param>
internal readonly record struct SearchPart(long Number, long First, long End)
{
    public static SearchPart None => new(0, 0, 0);

    public bool Has(long place) => place >= First && place < End;
}
