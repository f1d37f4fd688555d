using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>Reads what the changes of a batch are about.</summary>
internal sealed class ChangeLoader(SqliteSession session, IReadOnlyList<MessageChange> changes)
{
    private const string SelectChannel = "SELECT id, epoch, version, sequence, revision FROM channels WHERE name = ?";
    private const string SelectMessage = $"SELECT {MessageRow.Columns}, digest FROM messages WHERE";
    private const string SelectPace = "SELECT time FROM paces WHERE channel = ? AND user = ?";

    // Who has no row yet may have posted before the slow mode began: the last messages of the channel say so.
    private const string SelectLastPost =
        "SELECT max(time) FROM (SELECT time, sender FROM messages WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT 1000) WHERE sender = ?";

    private const string CountPinned = "SELECT count(*) FROM messages INDEXED BY messages_pinned WHERE key BETWEEN ? AND ? AND pinned IS NOT NULL";
    private const string SelectGiven = "SELECT 1 FROM reactions WHERE message = ? AND user = ? AND reaction = ?";
    private const string SelectFirst = "SELECT user FROM reactions WHERE message = ? AND reaction = ? ORDER BY position LIMIT ?";

    /// <summary>Loads a plan.</summary>
    /// <param name="findIds">Whether each post's id is looked for, not only where it decides by itself.</param>
    public AppendPlan Load(bool findIds)
    {
        var plan = new AppendPlan(changes);
        // A post behind one of its sender that comes too soon is refused without being written, so that the index does not find its id.
        findIds |= changes.Any(static change => change is PostChange { Pause.Ticks: > 0 });
        foreach (var name in plan.Channels) LoadChannel(plan, name);
        foreach (var change in changes)
        {
            if (plan.Find(change.Channel) is { } channel) Load(channel, change, findIds);
        }

        return plan;
    }

    private void Load(ChannelPlan channel, MessageChange change, bool findIds)
    {
        var target = AppendPlan.TargetOf(change);
        if (target is { } sequence && sequence >= 1 && sequence <= channel.Sequence && channel.Find(sequence) is null)
            LoadMessage(channel, session.Use($"{SelectMessage} key = ?").Bind(MessageKey.Of(channel.Id, sequence)));
        if (change is PostChange post && (findIds || target is not null || IsDecidedByItsId(channel, post)))
            LoadMessage(channel, session.Use($"{SelectMessage} id = ? AND channel = ?").BindId(post.Id).Bind(channel.Id));
        if (change is PostChange { Pause.Ticks: > 0, Sender: var sender } && FindLastPost(channel, sender) is { } last)
            channel.AddLastPost(sender, MessageRow.Time(last));
        if (change is PinChange && channel.Pinned == 0)
            channel.Pinned = (int)(session.Use(CountPinned).Bind(MessageKey.Of(channel.Id, 0)).Bind(MessageKey.Of(channel.Id, channel.Sequence)).Scalar() ?? 0);
        FileRows.Load(session, channel, change);
        if (change is ReactChange react && channel.Find(react.Sequence) is { } message) LoadReaction(channel, message.Message, react);
    }

    // Where it is refused unless it is a copy of a stored message.
    private static bool IsDecidedByItsId(ChannelPlan channel, PostChange post) =>
        post.OnlyIfKnown || post.Pause > TimeSpan.Zero || post.Files.Count > 0 || (post.Revision is { } revision && revision != channel.Revision)
        || (post.Epoch is { } epoch && epoch != channel.Epoch);

    private long? FindLastPost(ChannelPlan channel, string user) =>
        session.Use(SelectPace).Bind(channel.Id).Bind(user).Scalar()
        ?? session.Use(SelectLastPost).Bind(MessageKey.Of(channel.Id, 0)).Bind(MessageKey.Of(channel.Id, channel.Sequence)).Bind(user).Scalar();

    private void LoadChannel(AppendPlan plan, string name)
    {
        using var row = session.Use(SelectChannel).Bind(name);
        if (row.Step()) plan.Add(new ChannelPlan(name, row.Int64(0), row.Text(1), row.Int64(2), row.Int64(3), row.Int64(4)));
    }

    private static void LoadMessage(ChannelPlan channel, Statement found)
    {
        const int digest = 17;
        using var row = found;
        if (row.Step()) channel.Add(MessageRow.Read(row, channel.Name), row.Bytes(digest).ToArray());
    }

    private void LoadReaction(ChannelPlan channel, Message message, ReactChange react)
    {
        var key = MessageKey.Of(channel.Id, message.Sequence);
        if (session.Use(SelectGiven).Bind(key).Bind(react.User).Bind(react.Reaction).Scalar() is not null)
            channel.Reactions.AddGiven(new GivenReaction(react.Sequence, react.User, react.Reaction));
        if (!react.Remove || message.Reactions.FirstOrDefault(one => one.Reaction == react.Reaction) is not { } summary) return;
        foreach (var user in summary.Count == summary.Users.Count ? summary.Users : FirstUsers(key, react.Reaction))
            channel.Reactions.AddFirst(react.Sequence, react.Reaction, user);
    }

    private List<string> FirstUsers(long message, string reaction)
    {
        using var rows = session.Use(SelectFirst).Bind(message).Bind(reaction).Bind(ChangeRules.MaxUsersPerReaction + changes.Count);
        var users = new List<string>();
        while (rows.Step()) users.Add(rows.Text(0));
        return users;
    }
}
