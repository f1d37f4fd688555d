using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;

namespace RealtimeKit.Sqlite.Index;

/// <summary>Keeps the index in the writer's transaction: a message is in it with the text that it has, or not at all.</summary>
/// <param name="session">The writer's session.</param>
/// <param name="isOn">Whether messages are indexed. Where not, they are still taken out.</param>
internal sealed class SearchRows(SqliteSession session, bool isOn)
{
    private const string FindPlace = "SELECT position FROM search_messages WHERE position BETWEEN ? AND ? AND message = ?";
    private const string Kind = "SELECT kind FROM channels WHERE id = ? UNION ALL SELECT kind FROM discarded WHERE channel = ?";

    private readonly Dictionary<long, bool> _public = [];

    // Messages of one batch mostly have the same time, and nobody else writes meanwhile.
    private long _lastPlace = -1;
    private SearchPart _part = SearchPart.None;

    /// <summary>Writes a message that was posted (then there is no stored one) or changed.</summary>
    public void Replace(long channel, Message? stored, Message message)
    {
        if (stored?.Content.Text == message.Content.Text) return;
        var place = stored?.Content.Text is null ? null : Remove(channel, stored);
        if (message.Content.Text is not null && isOn) Add(channel, message, place);
        // The indexer comes back to it once messages are indexed again.
        if (stored is not null && !isOn)
            session.Use("UPDATE channels SET searched = ? WHERE id = ? AND searched >= ?").Bind(message.Sequence - 1).Bind(channel).Bind(message.Sequence).Execute();
    }

    /// <summary>Indexes a message that may be in the index already.</summary>
    public void Index(long channel, Message message)
    {
        if (message.Content.Text is not null && Find(channel, message) is null) Add(channel, message, place: null);
    }

    /// <summary>Takes a message out.</summary>
    /// <returns>The place that it had.</returns>
    public long? Remove(long channel, Message message)
    {
        if (Find(channel, message) is not { } place) return null;
        session.Use("DELETE FROM search_messages WHERE position = ?").Bind(place).Execute();
        session.Use("INSERT INTO search(search, rowid, tokens) VALUES('delete', ?, ?)").Bind(place).Bind(Tokens(channel, message, place)).Execute();
        return place;
    }

    /// <summary>Looks for the part of the next message anew, because another one was begun.</summary>
    public void ForgetPart() => _part = SearchPart.None;

    private void Add(long channel, Message message, long? place)
    {
        var at = place ?? NextPlace(message.Time.ToUnixTimeMilliseconds());
        session.Use("INSERT INTO search_messages(position, message) VALUES(?, ?)").Bind(at).Bind(MessageKey.Of(channel, message.Sequence)).Execute();
        session.Use("INSERT INTO search(rowid, tokens) VALUES(?, ?)").Bind(at).Bind(Tokens(channel, message, at)).Execute();
    }

    private long? Find(long channel, Message message)
    {
        var time = message.Time.ToUnixTimeMilliseconds();
        return session.Use(FindPlace).Bind(SearchPlaces.First(time)).Bind(SearchPlaces.Last(time)).Bind(MessageKey.Of(channel, message.Sequence)).Scalar();
    }

    private long NextPlace(long time) => _lastPlace = SearchPlaces.Time(_lastPlace) == time ? _lastPlace + 1 : FindNextPlace(time);

    private long FindNextPlace(long time)
    {
        var last = session.Use("SELECT max(position) FROM search_messages WHERE position BETWEEN ? AND ?")
            .Bind(SearchPlaces.First(time)).Bind(SearchPlaces.Last(time)).Scalar();
        return last is null ? SearchPlaces.First(time) : last.Value + 1;
    }

    private string Tokens(long channel, Message message, long place)
    {
        if (!_public.TryGetValue(channel, out var isPublic))
            _public[channel] = isPublic = session.Use(Kind).Bind(channel).Bind(channel).Scalar() == (long)ChannelKind.Public;
        if (!_part.Has(place)) _part = SearchPlaces.PartOf(session, place);
        return SearchTokens.Of(_part.Number, channel, isPublic, message.Content.Text!);
    }
}
