using RealtimeKit.Sqlite.Database;
using RealtimeKit.Sqlite.Index;
using RealtimeKit.Sqlite.Messages;

namespace RealtimeKit.Sqlite.Search;

/// <summary>Finds and indexes what is not indexed yet.</summary>
internal static class SearchBacklog
{
    // A part of the index is as large as so many of these.
    private const int SampleInterval = 512;
    private const int SamplesPerPart = SearchPlaces.PartSize / SampleInterval;

    private const string Lagging = "SELECT id FROM channels WHERE id > ? AND searched < sequence ORDER BY id LIMIT 1";

    public static long Count(SqliteSession session) =>
        session.Use("SELECT coalesce(sum(sequence - searched), 0) FROM channels WHERE searched < sequence").Scalar() ?? 0;

    public static long? NextChannel(SqliteSession session, long after) => session.Use(Lagging).Bind(after).Scalar();

    /// <summary>The times of some messages, evenly of all of them, so that it is known how they are spread.</summary>
    public static List<long> Sample(SqliteSession session)
    {
        var times = new List<long>();
        long before = 0;
        using var channels = session.Use("SELECT id, sequence FROM channels ORDER BY id");
        for (; channels.Step(); before += channels.Int64(1))
        {
            for (var at = SampleInterval - (before % SampleInterval); at <= channels.Int64(1); at += SampleInterval)
                if (session.Use("SELECT time FROM messages WHERE key = ?").Bind(MessageKey.Of(channels.Int64(0), at)).Scalar() is { } time) times.Add(time);
        }

        times.Sort();
        return times;
    }

    /// <summary>Makes parts for messages older than all that is indexed, if there is one part only: so many messages would not fit into it.</summary>
    /// <returns>How many parts were made.</returns>
    public static int Divide(SqliteSession session, IReadOnlyList<long> samples)
    {
        if (session.Use("SELECT count(*) FROM search_parts").Scalar() != 1) return 0;
        var indexed = session.Use("SELECT min(position) FROM search_messages").Scalar();
        var firsts = new List<long> { 0 };
        for (var i = SamplesPerPart; i < samples.Count; i += SamplesPerPart)
        {
            var first = SearchPlaces.First(samples[i]);
            if (first > firsts[^1] && !(first >= indexed)) firsts.Add(first);
        }

        if (indexed is { } known && known > firsts[^1]) firsts.Add(known);
        if (firsts.Count == 1) return 0;
        // What is indexed stays in the part that it is in, which becomes the latest.
        session.Use("UPDATE search_parts SET first = ?").Bind(firsts[^1]).Execute();
        for (var i = 0; i + 1 < firsts.Count; i++)
            session.Use("INSERT INTO search_parts(first, part) SELECT ?, max(part) + 1 FROM search_parts").Bind(firsts[i]).Execute();
        return firsts.Count - 1;
    }

    /// <summary>Indexes so many messages of a channel.</summary>
    /// <returns>How many sequences of it are indexed by that; 0 where none was left.</returns>
    public static long IndexPiece(SqliteSession session, long channel, int rows)
    {
        long searched, sequence;
        using (var row = session.Use("SELECT searched, sequence FROM channels WHERE id = ?").Bind(channel))
        {
            if (!row.Step()) return 0;
            (searched, sequence) = (row.Int64(0), row.Int64(1));
        }

        var last = searched;
        var index = new SearchRows(session, isOn: true);
        foreach (var message in MessageReader.ReadRange(session, MessageKey.Of(channel, searched + 1), MessageKey.Of(channel, sequence), rows))
        {
            index.Index(channel, message);
            last = message.Sequence;
        }

        session.Use("UPDATE channels SET searched = ? WHERE id = ?").Bind(last).Bind(channel).Execute();
        return last - searched;
    }
}
