using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Sqlite.Index;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>Writes what a plan has decided: each row once, as it is after the whole batch.</summary>
internal sealed class ChangeWriter(SqliteSession session, SearchParts? index)
{
    private const string InsertMessage = """
        INSERT INTO messages(key, change, channel, id, id_text, sender, time, text, data, attachments, mentions, reply_to, thread, edited, deleted,
            pinned, pinned_by, digest)
        VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id, channel) DO NOTHING
        """;

    private const string UpdateMessage =
        "UPDATE messages SET change = ?, edited = ?, deleted = ?, pinned = ?, pinned_by = ?, text = ?, data = ?, attachments = ?, mentions = ? WHERE key = ?";

    // SQLite writes only the pages that differ where a row keeps its size, as it does with another version.
    private const string UpdateVersion = "UPDATE messages SET change = ? WHERE key = ?";
    private const string UpsertPace = "INSERT INTO paces(channel, user, time) VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET time = excluded.time";

    private const string UpdateHead = $"""
        UPDATE channels SET version = ?1, sequence = ?2, changed = ?3, stamp = ?4, searched = CASE WHEN ?5 AND searched = sequence THEN ?2 ELSE searched END
        WHERE id = ?6 AND era = ?4 {Stamps.Era}
        """;

    private const string MoveEra = $"UPDATE channels SET era = ?2 {Stamps.Era} WHERE id = ?1";

    private readonly Tallies _tallies = new(session);
    private readonly MentionRows _mentions = new(session);
    private readonly ReactionRows _reactions = new(session);
    private readonly SearchRows _search = new(session, index is not null);

    /// <summary>Writes the plan.</summary>
    /// <returns>False where a new message's id is known; then what was written so far is to be undone.</returns>
    public bool TryWrite(AppendPlan plan)
    {
        long? stamp = null;
        foreach (var channel in plan.Changed)
        {
            foreach (var message in channel.Messages)
            {
                if (message.IsChanged && !TryWrite(channel.Id, message)) return false;
            }

            foreach (var file in channel.Files) FileRows.Write(session, file);
            foreach (var action in channel.Actions) Actions.Keep(session, channel.Id, action);
            foreach (var (user, time) in channel.LastPosts)
                session.Use(UpsertPace).Bind(channel.Id).Bind(user).Bind(time.ToUnixTimeMilliseconds()).Execute();
            if (channel.HasReactions) _reactions.Write(channel.Id, channel.Reactions);
            WriteHead(channel, stamp ??= Stamps.Next(session));
            if (index?.Note(session, channel.Messages.Count) == true) _search.ForgetPart();
        }

        _tallies.Save();
        return true;
    }

    // The era changes seldom, and SQLite writes its index only for a statement that names it.
    private void WriteHead(ChannelPlan channel, long stamp)
    {
        while (session.Use(UpdateHead)
            .Bind(channel.Version).Bind(channel.Sequence).Bind(channel.Changed!.Value.ToUnixTimeMilliseconds()).Bind(stamp)
            .Bind(index is null ? 0 : 1).Bind(channel.Id).Execute() == 0)
            session.Use(MoveEra).Bind(channel.Id).Bind(stamp).Execute();
    }

    private bool TryWrite(long channel, MessagePlan plan)
    {
        var (message, stored) = (plan.Message, plan.Stored);
        if (stored is null)
        {
            if (!TryInsert(channel, message, plan.Digest.Span)) return false;
            _tallies.Posted(channel, message.Sender, message.Sequence, 1);
        }
        else if (plan.IsRewritten) Update(channel, message);
        else session.Use(UpdateVersion).Bind(MessageKey.Of(channel, message.Version)).Bind(MessageKey.Of(channel, message.Sequence)).Execute();

        if (message.DeletedAt is not null && stored?.DeletedAt is null)
        {
            _tallies.Posted(channel, message.Sender, message.Sequence, -1);
            _tallies.Posted(channel, Tallies.Deleted, message.Sequence, 1);
        }

        _search.Replace(channel, stored, message);
        _mentions.Replace(channel, stored, message, _tallies);
        _reactions.WriteSummaries(channel, stored, message);
        return true;
    }

    private bool TryInsert(long channel, Message message, ReadOnlySpan<byte> digest)
    {
        return session.Use(InsertMessage)
            .Bind(MessageKey.Of(channel, message.Sequence)).Bind(MessageKey.Of(channel, message.Version)).Bind(channel)
            .BindId(message.Id).Bind(message.Id.SpecialText)
            .Bind(message.Sender).Bind(message.Time.ToUnixTimeMilliseconds())
            .BindContent(message.Content)
            .Bind(message.ReplyTo)
            .Bind(message.Thread is { } thread ? MessageKey.Of(channel, thread) : null)
            .Bind(message.EditedAt?.ToUnixTimeMilliseconds()).Bind(message.DeletedAt?.ToUnixTimeMilliseconds())
            .Bind(message.PinnedAt?.ToUnixTimeMilliseconds()).Bind(message.PinnedBy)
            .BindBlob(digest).Execute() == 1;
    }

    private void Update(long channel, Message message)
    {
        session.Use(UpdateMessage)
            .Bind(MessageKey.Of(channel, message.Version))
            .Bind(message.EditedAt?.ToUnixTimeMilliseconds())
            .Bind(message.DeletedAt?.ToUnixTimeMilliseconds())
            .Bind(message.PinnedAt?.ToUnixTimeMilliseconds()).Bind(message.PinnedBy)
            .BindContent(message.Content)
            .Bind(MessageKey.Of(channel, message.Sequence)).Execute();
    }
}
