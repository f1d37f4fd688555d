using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Sqlite.Messages;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Channels;

/// <summary>Changes members inside the writer's transaction.</summary>
internal sealed class MemberWriter(SqliteSession session)
{
    private const string Select =
        "SELECT c.id, c.kind, m.role, c.revision FROM channels c LEFT JOIN members m ON m.channel = c.id AND m.user = ? WHERE c.name = ?";

    private const string SelectOwners = "SELECT count(*) FROM (SELECT 1 FROM members WHERE channel = ? AND role = 2 LIMIT ?)";

    private const string Upsert =
        "INSERT INTO members(channel, user, role, stamp) VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE SET role = excluded.role, stamp = excluded.stamp";

    private const string Depart = "INSERT INTO departures(user, name, stamp) VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET stamp = excluded.stamp";

    public MemberResult Apply(MemberChange change)
    {
        if (Find(change.Channel, change.User) is not (var channel, var state)) return MemberRules.Decide(change, found: null);
        var result = MemberRules.Decide(change, state.Role == ChannelRole.Owner ? state with { Owners = CountOwners(channel, 2) } : state);
        if (result.Outcome != MemberOutcome.Changed) return result;
        var (before, after) = (result.Before, result.After);
        Write(channel, change.Channel, change.User, before, after);
        if (result.Action is { } action) Actions.Keep(session, channel, action);
        if (after.Revision != before.Revision)
            session.Use("UPDATE channels SET revision = revision + 1 WHERE id = ?").Bind(channel).Execute();
        return result;
    }

    public IReadOnlyList<MemberResult> Apply(MemberPlan plan)
    {
        long? channel = null;
        foreach (var user in plan.Users)
        {
            if (Find(plan.Channel, user) is not (var found, var state)) break;
            if (channel is null) plan.Begin(state.Kind, state.Revision);
            channel = found;
            plan.Add(user, state.Role, state.Ban, state.Mute);
        }

        if (channel is not { } id) return plan.Decide();
        if (plan.NeedsOwners) plan.AddOwners(CountOwners(id, plan.MostOwners));
        var results = plan.Decide();
        foreach (var (user, before, after) in plan.Changed) Write(id, plan.Channel, user, before, after);
        foreach (var action in plan.Actions) Actions.Keep(session, id, action);
        if (plan.IsRevised) session.Use("UPDATE channels SET revision = ? WHERE id = ?").Bind(plan.Revision).Bind(id).Execute();
        return results;
    }

    public void Put(long channel, string name, string user, ChannelRole role, long stamp)
    {
        session.Use(Upsert).Bind(channel).Bind(user).Bind((long)role).Bind(stamp).Execute();
        session.Use("DELETE FROM departures WHERE user = ? AND name = ?").Bind(user).Bind(name).Execute();
    }

    private void Remove(long channel, string name, string user, long stamp)
    {
        session.Use("DELETE FROM members WHERE channel = ? AND user = ?").Bind(channel).Bind(user).Execute();
        session.Use(Depart).Bind(user).Bind(name).Bind(stamp).Execute();
    }

    private void Write(long channel, string name, string user, in MemberState before, in MemberState after)
    {
        if (after.Role != before.Role)
        {
            var stamp = Stamps.Next(session);
            if (after.Role is { } role) Put(channel, name, user, role, stamp);
            else Remove(channel, name, user, stamp);
        }

        if (after.Ban != before.Ban) Sanctions.Write(session, channel, Sanctions.Ban, user, after.Ban);
        if (after.Mute != before.Mute) Sanctions.Write(session, channel, Sanctions.Mute, user, after.Mute);
    }

    private (long Channel, MemberState State)? Find(string name, string user)
    {
        long channel;
        MemberState state;
        using (var row = session.Use(Select).Bind(user).Bind(name))
        {
            if (!row.Step()) return null;
            channel = row.Int64(0);
            state = new MemberState((ChannelKind)row.Int64(1), (ChannelRole?)row.NullableInt64(2), Revision: row.Int64(3));
        }

        state = state with
        {
            Ban = Sanctions.Find(session, channel, Sanctions.Ban, user),
            Mute = Sanctions.Find(session, channel, Sanctions.Mute, user),
        };
        return (channel, state);
    }

    private long CountOwners(long channel, long most) => session.Use(SelectOwners).Bind(channel).Bind(most).Scalar() ?? 0;
}
