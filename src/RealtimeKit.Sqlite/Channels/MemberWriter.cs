using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Channels;

/// <summary>Changes members inside the writer's transaction.</summary>
internal sealed class MemberWriter(SqliteSession session)
{
    private const string Select =
        "SELECT c.id, c.kind, m.role, c.revision FROM channels c LEFT JOIN members m ON m.channel = c.id AND m.user = ? WHERE c.name = ?";

    private const string SelectOwners = "SELECT count(*) FROM (SELECT 1 FROM members WHERE channel = ? AND role = ? LIMIT 2)";

    private const string Upsert = "INSERT INTO members(channel, user, role) VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET role = excluded.role";

    public MemberResult Apply(MemberChange change)
    {
        if (Find(change) is not (var channel, var state)) return MemberRules.Decide(change, found: null);
        var result = MemberRules.Decide(change, state);
        if (result.Outcome != MemberOutcome.Changed) return result;
        var (before, after) = (result.Before, result.After);
        if (after.Role != before.Role)
        {
            if (after.Role is { } role) Put(channel, change.User, role);
            else session.Use("DELETE FROM members WHERE channel = ? AND user = ?").Bind(channel).Bind(change.User).Execute();
        }

        if (after.Ban != before.Ban) Sanctions.Write(session, channel, Sanctions.Ban, change.User, after.Ban);
        if (after.Mute != before.Mute) Sanctions.Write(session, channel, Sanctions.Mute, change.User, after.Mute);
        if (result.Action is { } action) Actions.Keep(session, channel, action);
        if (after.Revision != before.Revision)
            session.Use("UPDATE channels SET revision = revision + 1 WHERE id = ?").Bind(channel).Execute();
        return result;
    }

    public void Put(long channel, string user, ChannelRole role) => session.Use(Upsert).Bind(channel).Bind(user).Bind((long)role).Execute();

    private (long Channel, MemberState State)? Find(MemberChange change)
    {
        long channel;
        MemberState state;
        using (var row = session.Use(Select).Bind(change.User).Bind(change.Channel))
        {
            if (!row.Step()) return null;
            channel = row.Int64(0);
            state = new MemberState((ChannelKind)row.Int64(1), (ChannelRole?)row.NullableInt64(2), Revision: row.Int64(3));
        }

        state = state with
        {
            Ban = Sanctions.Find(session, channel, Sanctions.Ban, change.User),
            Mute = Sanctions.Find(session, channel, Sanctions.Mute, change.User),
        };
        return (channel, state.Role == ChannelRole.Owner ? state with { Owners = CountOwners(channel) } : state);
    }

    private long CountOwners(long channel) => session.Use(SelectOwners).Bind(channel).Bind((long)ChannelRole.Owner).Scalar() ?? 0;
}
