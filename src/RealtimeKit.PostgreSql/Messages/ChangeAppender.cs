using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Protocol;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>
/// Appends any batch, in two round trips: lock the channels and read what the changes are about; write what was decided and
/// commit.
/// </summary>
internal sealed class ChangeAppender(ChangeState state)
{
    public static async Task<AppendResult[]> AppendAsync(DatabaseSession session, IReadOnlyList<MessageChange> changes)
    {
        var state = await ChangeLoader.LoadAsync(session, changes).ConfigureAwait(false);
        var appender = new ChangeAppender(state);
        var results = new AppendResult[changes.Count];
        for (var i = 0; i < results.Length; i++) results[i] = appender.Append(changes[i]);
        await session.RunAsync([.. ChangeWriter.Write(state), Sql.Command("COMMIT")]).ConfigureAwait(false);
        return results;
    }

    private AppendResult Append(MessageChange change)
    {
        return state.FindChannel(change.Channel) is { } channel
            ? (ChangeRules.Refuse(change, channel.Epoch) ?? Append(channel, change)) with { Epoch = channel.Epoch }
            : new AppendResult(AppendOutcome.NoChannel);
    }

    private static AppendResult Append(ChannelState channel, MessageChange change)
    {
        var next = channel.Version + 1;
        return change switch
        {
            PostChange post => Post(channel, post),
            EditChange edit => Change(channel, edit, edit.Sequence, stored => ChangeRules.Edit(edit, stored, next)),
            DeleteChange delete => Change(channel, delete, delete.Sequence, stored => Delete(channel, delete, stored)),
            ReactChange react => Change(channel, react, react.Sequence, stored => React(channel, react, stored)),
            _ => throw new ArgumentException($"A {change.GetType().Name} is no change that this store knows.", nameof(change)),
        };
    }

    private static AppendResult Post(ChannelState channel, PostChange post)
    {
        if (channel.Find(post.Id) is { } known) return StoredMessages.Repeat(post, known.Message, known.Digest);
        var repliedTo = post.ReplyTo is { } sequence ? channel.Find(sequence)?.Message : null;
        if (post.OnlyIfKnown || (post.ReplyTo is not null && repliedTo is null)) return new AppendResult(AppendOutcome.NoMessage);
        var message = ChangeRules.Post(post, channel.Sequence + 1, channel.Version + 1, repliedTo);
        channel.Add(new MessageState(message, MessageRow.Digest(post), stored: null) { Own = channel.TakeOwn(post.Sender) });
        return Advance(channel, post, message);
    }

    private static AppendResult Delete(ChannelState channel, DeleteChange delete, Message stored)
    {
        var result = ChangeRules.Delete(delete, stored, channel.Version + 1);
        if (result.Outcome == AppendOutcome.Appended && stored.Reactions.Count > 0) channel.Reactions.Clear(stored.Sequence);
        return result;
    }

    private static AppendResult React(ChannelState channel, ReactChange react, Message stored)
    {
        var result = ChangeRules.React(react, stored, channel.Reactions.Has(react));
        return result.Outcome != AppendOutcome.Appended ? result : result with
        {
            Message = stored with { Reactions = channel.Reactions.Apply(react, stored.Reactions), Version = channel.Version + 1 },
        };
    }

    private static AppendResult Change(ChannelState channel, MessageChange change, long sequence, Func<Message, AppendResult> decide)
    {
        if (channel.Find(sequence) is not { } found) return new AppendResult(AppendOutcome.NoMessage);
        var result = decide(found.Message);
        if (result.Outcome != AppendOutcome.Appended) return result;
        found.Message = result.Message!;
        return Advance(channel, change, found.Message);
    }

    private static AppendResult Advance(ChannelState channel, MessageChange change, Message message)
    {
        (channel.Version, channel.Changed) = (message.Version, change.Time);
        return new AppendResult(AppendOutcome.Appended, message);
    }
}
