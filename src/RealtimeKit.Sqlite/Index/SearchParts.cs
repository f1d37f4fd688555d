using RealtimeKit.Sqlite.Database;

namespace RealtimeKit.Sqlite.Index;

/// <summary>Begins a new part of the index when the latest one is full. Used by the writer alone.</summary>
internal sealed class SearchParts
{
    private const int Interval = SearchPlaces.PartSize / 16;

    // At first it is not known how full the part is.
    private int _added = Interval;

    /// <summary>Notes messages that were added to the index, in the same transaction.</summary>
    /// <returns>Whether another part was begun.</returns>
    public bool Note(SqliteSession session, int messages)
    {
        _added += messages;
        if (_added < Interval) return false;
        _added = 0;
        var first = session.Use("SELECT max(first) FROM search_parts").Scalar() ?? 0;
        if (session.Use("SELECT count(*) FROM search_messages WHERE position >= ?").Bind(first).Scalar() < SearchPlaces.PartSize) return false;
        var last = session.Use("SELECT max(position) FROM search_messages").Scalar() ?? 0;
        session.Use("INSERT INTO search_parts(first, part) SELECT ?, max(part) + 1 FROM search_parts").Bind(SearchPlaces.First(SearchPlaces.Time(last) + 1)).Execute();
        return true;
    }
}
