using RealtimeKit.Sqlite.Database;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>Where one channel's log stands while a batch is appended to it.</summary>
internal sealed class ChannelHeadRow(long id, string epoch, long version, long sequence)
{
    public long Id { get; } = id;

    public string Epoch { get; } = epoch;

    public long Version { get; set; } = version;

    public long Sequence { get; set; } = sequence;

    /// <summary>The time of the batch's last change to it; <see langword="null"/> where it has none.</summary>
    public DateTimeOffset? Changed { get; set; }
}

/// <summary>The heads that one batch touches: each read once and written once.</summary>
internal sealed class ChannelHeads(SqliteSession session)
{
    private readonly Dictionary<string, ChannelHeadRow?> _heads = new(StringComparer.Ordinal);

    public ChannelHeadRow? Find(string channel)
    {
        if (_heads.TryGetValue(channel, out var known)) return known;
        using var row = session.Use("SELECT id, epoch, version, sequence FROM channels WHERE name = ?").Bind(channel);
        var head = row.Step() ? new ChannelHeadRow(row.Int64(0), row.Text(1)!, row.Int64(2), row.Int64(3)) : null;
        _heads.Add(channel, head);
        return head;
    }

    public void Save()
    {
        foreach (var head in _heads.Values)
        {
            if (head?.Changed is not { } changed) continue;
            session.Use("UPDATE channels SET version = ?, sequence = ?, changed = ? WHERE id = ?")
                .Bind(head.Version).Bind(head.Sequence).Bind(changed.ToUnixTimeMilliseconds()).Bind(head.Id).Execute();
        }
    }
}
