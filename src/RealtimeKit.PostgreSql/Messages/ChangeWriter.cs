using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.PostgreSql.Index;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>Turns what a batch has decided into statements: each row once, as it is after the whole batch.</summary>
internal static class ChangeWriter
{
    public const string InsertMessages = """
        INSERT INTO messages(channel, sequence, version, edited, deleted, pinned, pinned_by, text, data, attachments, mentions, reactions,
            time, id, digest, reply_to, thread, sender, id_text)
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
        """;

    public const string UpdateMessages = """
        UPDATE messages m SET version = u.version, edited = u.edited, deleted = u.deleted, pinned = u.pinned, pinned_by = u.pinned_by, text = u.text,
            data = u.data, attachments = u.attachments, mentions = u.mentions, reactions = u.reactions
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            AS u(channel, sequence, version, edited, deleted, pinned, pinned_by, text, data, attachments, mentions, reactions)
        WHERE m.channel = u.channel AND m.sequence = u.sequence
        """;

    // A reaction leaves the content alone: written again, a large one would cost its size each time.
    public const string UpdateReactions = """
        UPDATE messages m SET version = u.version, reactions = u.reactions
        FROM unnest($1, $2, $3, $4) AS u(channel, sequence, version, reactions) WHERE m.channel = u.channel AND m.sequence = u.sequence
        """;

    public const string DeleteMentions = """
        DELETE FROM mentions m USING unnest($1, $2, $3) AS d(channel, sequence, user_id)
        WHERE m.channel = d.channel AND m.sequence = d.sequence AND m.user_id = d.user_id
        """;

    public const string InsertMentions = "INSERT INTO mentions(channel, sequence, user_id) SELECT * FROM unnest($1, $2, $3)";

    public const string ClearReactions = """
        DELETE FROM reactions r USING unnest($1, $2) AS d(channel, sequence) WHERE r.channel = d.channel AND r.sequence = d.sequence
        """;

    public const string DeleteReactions = """
        DELETE FROM reactions r USING unnest($1, $2, $3, $4) AS d(channel, sequence, user_id, reaction)
        WHERE r.channel = d.channel AND r.sequence = d.sequence AND r.user_id = d.user_id AND r.reaction = d.reaction
        """;

    // In this order they get their positions.
    public const string InsertReactions = """
        INSERT INTO reactions(channel, sequence, user_id, reaction)
        SELECT channel, sequence, user_id, reaction
        FROM unnest($1, $2, $3, $4) WITH ORDINALITY AS a(channel, sequence, user_id, reaction, place) ORDER BY place
        """;

    public const string MoveHeads = """
        UPDATE channels c SET version = h.version, sequence = h.sequence, changed = h.changed, stamp = txid_current(),
            searched = least(CASE WHEN $6 AND c.searched = c.sequence THEN h.sequence ELSE c.searched END, h.kept)
        FROM unnest($1, $2, $3, $4, $5) AS h(id, version, sequence, changed, kept) WHERE c.id = h.id
        """;

    public static IEnumerable<NpgsqlBatchCommand> Write(AppendPlan plan, bool isIndexed)
    {
        ChannelPlan[] channels = [.. plan.Changed];
        (ChannelPlan Channel, MessagePlan Message)[] messages =
            [.. channels.SelectMany(channel => channel.Messages, (channel, message) => (channel, message)).Where(row => row.message.IsChanged)];
        (ChannelPlan Channel, MessagePlan Message)[] added = [.. messages.Where(row => row.Message.Stored is null)];
        (ChannelPlan Channel, MessagePlan Message)[] changed = [.. messages.Where(row => row.Message.Stored is not null)];
        (ChannelPlan Channel, MessagePlan Message)[] reacted = [.. changed.Where(row => !row.Message.IsRewritten)];
        (ChannelPlan Channel, MessagePlan Message)[] rewritten = [.. changed.Where(row => row.Message.IsRewritten)];
        (ChannelPlan, MessagePlan)[] named = [.. added, .. changed.Where(row => !ReferenceEquals(row.Message.Stored!.Content, row.Message.Message.Content))];
        return new[]
        {
            added.Length == 0 ? null : Sql.Command(InsertMessages, [.. Changing(added), .. Lasting(added)]),
            rewritten.Length == 0 ? null : Sql.Command(UpdateMessages, Changing(rewritten)),
            reacted.Length == 0 ? null : Sql.Command(
                UpdateReactions, Column(reacted, row => row.Channel.Id), Column(reacted, row => row.Message.Message.Sequence),
                Column(reacted, row => row.Message.Message.Version), Column(reacted, row => MessageColumns.WriteReactions(row.Message.Message.Reactions))),
            Mentions(DeleteMentions, named, message => message.Stored),
            Mentions(InsertMentions, named, message => message.Message),
            Tallies.Write([.. added, .. rewritten]),
            Cleared(channels),
            Reactions(DeleteReactions, channels, ledger => ledger.Removed),
            Reactions(InsertReactions, channels, ledger => ledger.Added),
            Paces.Write(channels),
            FileRows.Write(channels.SelectMany(channel => channel.Files)),
            Actions.Keep(channels.SelectMany(channel => channel.Actions, (channel, action) => (channel.Id, action))),
            channels.Length == 0 ? null : Heads(channels, isIndexed),
        }.OfType<NpgsqlBatchCommand>().Concat(SearchRows.Write(messages, isIndexed));
    }

    private static NpgsqlParameter[] Changing((ChannelPlan Channel, MessagePlan State)[] rows) =>
    [
        Column(rows, row => row.Channel.Id),
        Column(rows, row => row.State.Message.Sequence),
        Column(rows, row => row.State.Message.Version),
        Column(rows, row => row.State.Message.EditedAt?.ToUnixTimeMilliseconds()),
        Column(rows, row => row.State.Message.DeletedAt?.ToUnixTimeMilliseconds()),
        Column(rows, row => row.State.Message.PinnedAt?.ToUnixTimeMilliseconds()),
        Column(rows, row => row.State.Message.PinnedBy),
        Column(rows, row => row.State.Message.Content.Text),
        Column(rows, row => row.State.Message.Content.Data?.ToString()),
        Column(rows, row => row.State.Message.Content.Attachments?.ToString()),
        Column(rows, row => MessageColumns.WriteMentions(row.State.Message.Content.Mentions)),
        Column(rows, row => MessageColumns.WriteReactions(row.State.Message.Reactions)),
    ];

    private static NpgsqlParameter[] Lasting((ChannelPlan Channel, MessagePlan State)[] rows) =>
    [
        Column(rows, row => row.State.Message.Time.ToUnixTimeMilliseconds()),
        Column(rows, row => row.State.Message.Id.Value),
        Column(rows, row => new Guid(row.State.Digest.Span, bigEndian: true)),
        Column(rows, row => row.State.Message.ReplyTo),
        Column(rows, row => row.State.Message.Thread),
        Column(rows, row => row.State.Message.Sender),
        Column(rows, row => row.State.Message.Id.SpecialText),
    ];

    private static NpgsqlBatchCommand? Mentions(string sql, (ChannelPlan Channel, MessagePlan State)[] messages, Func<MessagePlan, Message?> of)
    {
        (long Channel, long Sequence, string User)[] rows =
        [
            .. from message in messages
               where of(message.State) is not null
               from user in ChangeRules.Mentioned(of(message.State)!)
               select (message.Channel.Id, message.State.Message.Sequence, user),
        ];
        return rows.Length == 0 ? null : Sql.Command(
            sql, Column(rows, row => row.Channel), Column(rows, row => row.Sequence), Column(rows, row => row.User));
    }

    private static NpgsqlBatchCommand? Cleared(ChannelPlan[] channels)
    {
        (long Channel, long Sequence)[] rows = [.. channels.Where(channel => channel.HasReactions).SelectMany(channel => channel.Reactions.Cleared, (channel, sequence) => (channel.Id, sequence))];
        return rows.Length == 0 ? null : Sql.Command(ClearReactions, Column(rows, row => row.Channel), Column(rows, row => row.Sequence));
    }

    private static NpgsqlBatchCommand? Reactions(string sql, ChannelPlan[] channels, Func<ReactionPlan, IEnumerable<GivenReaction>> of)
    {
        (long Channel, GivenReaction Given)[] rows = [.. channels.Where(channel => channel.HasReactions).SelectMany(channel => of(channel.Reactions), (channel, given) => (channel.Id, given))];
        return rows.Length == 0 ? null : Sql.Command(
            sql, Column(rows, row => row.Channel), Column(rows, row => row.Given.Sequence),
            Column(rows, row => row.Given.User), Column(rows, row => row.Given.Reaction));
    }

    private static NpgsqlBatchCommand Heads(ChannelPlan[] channels, bool isIndexed) => Sql.Command(
        MoveHeads,
        Column(channels, channel => channel.Id), Column(channels, channel => channel.Version), Column(channels, channel => channel.Sequence),
        Column(channels, channel => channel.Changed!.Value.ToUnixTimeMilliseconds()),
        Column(channels, channel => SearchRows.Kept(channel, isIndexed)), Sql.Parameter(isIndexed));

    private static NpgsqlParameter Column<TRow, T>(TRow[] rows, Converter<TRow, T> value) => Sql.Parameter(Array.ConvertAll(rows, value));
}
