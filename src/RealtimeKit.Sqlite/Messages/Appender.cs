using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>Applies one batch of changes inside the writer's transaction.</summary>
internal sealed class Appender(SqliteSession session)
{
    private const string InsertMessage = """
        INSERT INTO messages(key, change, channel, id, id_text, sender, time, text, data, attachments, mentions, reply_to, thread, digest)
        VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id, channel) DO NOTHING
        """;

    private const string UpdateMessage =
        "UPDATE messages SET change = ?, edited = ?, deleted = ?, text = ?, data = ?, attachments = ?, mentions = ? WHERE key = ?";

    // SQLite writes only the pages that differ where a row keeps its size, as it does with another version.
    private const string UpdateVersion = "UPDATE messages SET change = ? WHERE key = ?";

    private readonly ChannelHeads _heads = new(session);
    private readonly ReactionRows _reactions = new(session);
    private readonly Tallies _tallies = new(session);
    private readonly MentionRows _mentions = new(session);

    public static AppendResult[] Append(SqliteSession session, IReadOnlyList<MessageChange> changes)
    {
        var appender = new Appender(session);
        var results = new AppendResult[changes.Count];
        for (var i = 0; i < results.Length; i++) results[i] = appender.Append(changes[i]);
        appender._heads.Save();
        appender._tallies.Save();
        return results;
    }

    private AppendResult Append(MessageChange change)
    {
        return _heads.Find(change.Channel) is { } head
            ? (ChangeRules.Refuse(change, head.Epoch) ?? Append(head, change)) with { Epoch = head.Epoch }
            : new AppendResult(AppendOutcome.NoChannel);
    }

    private AppendResult Append(ChannelHeadRow head, MessageChange change)
    {
        return change switch
        {
            PostChange post => Post(head, post),
            EditChange edit => Change(head, edit, edit.Sequence, stored => Edit(head, edit, stored)),
            DeleteChange delete => Change(head, delete, delete.Sequence, stored => Delete(head, delete, stored)),
            ReactChange react => Change(head, react, react.Sequence, stored => React(head, react, stored)),
            _ => throw new ArgumentException($"A {change.GetType().Name} is no change that this store knows.", nameof(change)),
        };
    }

    private AppendResult Post(ChannelHeadRow head, PostChange post)
    {
        var repliedTo = post.ReplyTo is { } sequence ? Find(head, post.Channel, sequence) : null;
        if (post.OnlyIfKnown || (post.ReplyTo is not null && repliedTo is null))
            return FindKnown(head, post) ?? new AppendResult(AppendOutcome.NoMessage);
        var message = ChangeRules.Post(post, head.Sequence + 1, head.Version + 1, repliedTo);
        if (!Insert(head, post, message)) return FindKnown(head, post) ?? throw new InvalidOperationException("An id is known and not there.");
        _mentions.Add(head.Id, message, _tallies);
        _tallies.Posted(head.Id, message.Sender, message.Sequence, 1);
        head.Sequence = message.Sequence;
        return Advance(head, post, message);
    }

    private AppendResult Edit(ChannelHeadRow head, EditChange edit, Message stored)
    {
        var result = ChangeRules.Edit(edit, stored, head.Version + 1);
        if (result.Outcome == AppendOutcome.Appended) Rewrite(head, stored, result.Message!);
        return result;
    }

    private AppendResult Delete(ChannelHeadRow head, DeleteChange delete, Message stored)
    {
        var result = ChangeRules.Delete(delete, stored, head.Version + 1);
        if (result.Outcome != AppendOutcome.Appended) return result;
        Rewrite(head, stored, result.Message!);
        if (stored.Reactions.Count > 0) _reactions.Clear(MessageKey.Of(head.Id, stored.Sequence));
        _tallies.Posted(head.Id, stored.Sender, stored.Sequence, -1);
        _tallies.Posted(head.Id, Tallies.Deleted, stored.Sequence, 1);
        return result;
    }

    private AppendResult React(ChannelHeadRow head, ReactChange react, Message stored)
    {
        var key = MessageKey.Of(head.Id, stored.Sequence);
        var result = ChangeRules.React(react, stored, _reactions.Has(key, react));
        if (result.Outcome != AppendOutcome.Appended) return result;
        var message = stored with { Reactions = _reactions.Apply(key, react, stored.Reactions), Version = head.Version + 1 };
        session.Use(UpdateVersion).Bind(MessageKey.Of(head.Id, message.Version)).Bind(key).Execute();
        return result with { Message = message };
    }

    private AppendResult Change(ChannelHeadRow head, MessageChange change, long sequence, Func<Message, AppendResult> decide)
    {
        if (Find(head, change.Channel, sequence) is not { } stored) return new AppendResult(AppendOutcome.NoMessage);
        var result = decide(stored);
        return result.Outcome == AppendOutcome.Appended ? Advance(head, change, result.Message!) : result;
    }

    private void Rewrite(ChannelHeadRow head, Message stored, Message message)
    {
        session.Use(UpdateMessage)
            .Bind(MessageKey.Of(head.Id, message.Version))
            .Bind(message.EditedAt?.ToUnixTimeMilliseconds())
            .Bind(message.DeletedAt?.ToUnixTimeMilliseconds())
            .BindContent(message.Content)
            .Bind(MessageKey.Of(head.Id, message.Sequence)).Execute();
        _mentions.Replace(head.Id, stored, message, _tallies);
    }

    private bool Insert(ChannelHeadRow head, PostChange post, Message message)
    {
        return session.Use(InsertMessage)
            .Bind(MessageKey.Of(head.Id, message.Sequence)).Bind(MessageKey.Of(head.Id, message.Version)).Bind(head.Id)
            .BindId(message.Id).Bind(message.Id.SpecialText)
            .Bind(message.Sender).Bind(message.Time.ToUnixTimeMilliseconds())
            .BindContent(message.Content)
            .Bind(message.ReplyTo)
            .Bind(message.Thread is { } thread ? MessageKey.Of(head.Id, thread) : null)
            .BindBlob(post.Digest.Span).Execute() == 1;
    }

    private AppendResult? FindKnown(ChannelHeadRow head, PostChange post)
    {
        using var row = session.Use($"SELECT {MessageRow.Columns}, digest FROM messages WHERE id = ? AND channel = ?")
            .BindId(post.Id).Bind(head.Id);
        const int digest = 15;
        return row.Step() ? ChangeRules.Repeat(post, MessageRow.Read(row, post.Channel), row.Bytes(digest)) : null;
    }

    private Message? Find(ChannelHeadRow head, string channel, long sequence)
    {
        if (sequence < 1 || sequence > head.Sequence) return null;
        using var row = session.Use($"SELECT {MessageRow.Columns} FROM messages WHERE key = ?").Bind(MessageKey.Of(head.Id, sequence));
        return row.Step() ? MessageRow.Read(row, channel) : null;
    }

    private static AppendResult Advance(ChannelHeadRow head, MessageChange change, Message message)
    {
        head.Version = message.Version;
        head.Changed = change.Time;
        return new AppendResult(AppendOutcome.Appended, message);
    }
}
