using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Channels;

/// <summary>Changes channels and marks inside the writer's transaction.</summary>
internal sealed class ChannelWriter(SqliteSession session)
{
    private const string InsertChannel = $"""
        INSERT INTO channels(name, title, kind, pair, epoch, created, changed, data, stamp, era)
        VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?8 {Stamps.Era}) RETURNING id
        """;

    private const string UpsertMark =
        "INSERT INTO marks(channel, user, sequence, stamp) VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE SET sequence = excluded.sequence, stamp = excluded.stamp";

    public CreateResult Create(NewChannel channel)
    {
        if (channel.Pair is { } pair && FindPair(pair) is { } existing) return new CreateResult(CreateOutcome.PairExists, existing);
        if (channel.Blocker is { } blocker && Blocks.Has(session, blocker, channel.Owner!)) return new CreateResult(CreateOutcome.Blocked, channel.Channel);
        if (Find(channel.Channel) is not null) return new CreateResult(CreateOutcome.Taken, channel.Channel);
        var stamp = Stamps.Next(session);
        var id = session.Use(InsertChannel)
            .Bind(channel.Channel).Bind(channel.Name).Bind((long)channel.Kind).Bind(channel.Pair)
            .Bind(ChannelHead.NewEpoch()).Bind(channel.Created.ToUnixTimeMilliseconds()).Bind(channel.Data?.ToString()).Bind(stamp).Scalar()!.Value;
        var members = new MemberWriter(session);
        foreach (var (user, role) in channel.Roles) members.Put(id, channel.Channel, user, role, stamp);
        if (channel.Kind == ChannelKind.Public) PublicChannels.Add(session, id, channel.Name, channel.Channel);
        return new CreateResult(CreateOutcome.Created, channel.Channel);
    }

    /// <summary>Removes the channel's own row; a large channel's other rows take long and go afterwards, in pieces.</summary>
    public bool Delete(string channel)
    {
        if (Find(channel) is not { } found) return false;
        PublicChannels.Delete(session, found.Id);
        session.Use("INSERT INTO discarded(channel, kind, name, stamp) SELECT id, kind, name, ? FROM channels WHERE id = ?")
            .Bind(Stamps.Next(session)).Bind(found.Id).Execute();
        session.Use("DELETE FROM channels WHERE id = ?").Bind(found.Id).Execute();
        return true;
    }

    public int RenewEpochs()
    {
        Stamps.RenewEpoch(session);
        return session.Use("UPDATE channels SET epoch = lower(hex(randomblob(10)))").Execute();
    }

    public ReadMark? MoveReadMark(string channel, string user, long sequence)
    {
        if (Find(channel) is not { } found) return null;
        var present = session.Use("SELECT sequence FROM marks WHERE channel = ? AND user = ?").Bind(found.Id).Bind(user).Scalar() ?? 0;
        var wanted = Math.Min(sequence, found.Sequence);
        if (wanted <= present) return new ReadMark(present, false);
        session.Use(UpsertMark).Bind(found.Id).Bind(user).Bind(wanted).Bind(Stamps.Next(session)).Execute();
        return new ReadMark(wanted, true);
    }

    private (long Id, long Sequence)? Find(string channel)
    {
        using var row = session.Use("SELECT id, sequence FROM channels WHERE name = ?").Bind(channel);
        return row.Step() ? (row.Int64(0), row.Int64(1)) : null;
    }

    private string? FindPair(string pair)
    {
        using var row = session.Use("SELECT name FROM channels WHERE pair = ?").Bind(pair);
        return row.Step() ? row.Text(0) : null;
    }
}
