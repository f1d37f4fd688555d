using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// The rules of changes that are the same in every store, so that an adapter only finds rows and writes them. Pure
/// functions: a store calls them inside its transaction with what it found.
/// </summary>
public static class ChangeRules
{
    /// <summary>The most different reactions that one message may have, so that a message stays bounded.</summary>
    public const int MaxReactionsPerMessage = 50;

    /// <summary>The most messages that may be pinned in one channel.</summary>
    public const int MaxPins = 100;

    /// <summary>The most users that a summary of one reaction names; the count has all of them.</summary>
    public const int MaxUsersPerReaction = ProtocolConstants.MaxReactionUsers;

    /// <summary>Decides on a change that was decided for a channel of another epoch, before anything else of it is looked at.</summary>
    /// <param name="change">The change.</param>
    /// <param name="epoch">The epoch that the channel has.</param>
    /// <returns>The refusal; <see langword="null"/> where the change may go on.</returns>
    public static AppendResult? Refuse(MessageChange change, string epoch)
    {
        ArgumentNullException.ThrowIfNull(change);
        ArgumentNullException.ThrowIfNull(epoch);
        return change.Epoch is null || change.Epoch == epoch ? null
            : new AppendResult(change is PostChange ? AppendOutcome.Stale : AppendOutcome.NoMessage);
    }

    /// <summary>Decides on a post whose id the channel already holds.</summary>
    /// <param name="post">The post.</param>
    /// <param name="stored">The message that has the id, as it now is.</param>
    /// <param name="digest">The digest kept with it.</param>
    public static AppendResult Repeat(PostChange post, Message stored, ReadOnlySpan<byte> digest)
    {
        ArgumentNullException.ThrowIfNull(post);
        ArgumentNullException.ThrowIfNull(stored);
        return stored.Sender == post.Sender && digest.SequenceEqual(post.Digest.Span)
            ? new AppendResult(AppendOutcome.Duplicate, stored)
            : new AppendResult(AppendOutcome.Conflict);
    }

    /// <summary>The message that a new post becomes.</summary>
    /// <param name="post">The post.</param>
    /// <param name="sequence">The channel's next sequence.</param>
    /// <param name="version">The channel's next version.</param>
    /// <param name="repliedTo">The message that it answers; required where <see cref="PostChange.ReplyTo"/> is set.</param>
    public static Message Post(PostChange post, long sequence, long version, Message? repliedTo)
    {
        ArgumentNullException.ThrowIfNull(post);
        return new Message
        {
            Id = post.Id,
            Channel = post.Channel,
            Sequence = sequence,
            Version = version,
            Sender = post.Sender,
            Time = post.Time,
            Content = post.Content,
            ReplyTo = post.ReplyTo,
            Thread = repliedTo is null ? null : repliedTo.Thread ?? repliedTo.Sequence,
        };
    }

    /// <summary>Decides on an edit. Where the outcome is appended, its message is what to write.</summary>
    /// <param name="edit">The edit.</param>
    /// <param name="stored">The message as it now is.</param>
    /// <param name="version">The channel's next version.</param>
    public static AppendResult Edit(EditChange edit, Message stored, long version)
    {
        ArgumentNullException.ThrowIfNull(edit);
        ArgumentNullException.ThrowIfNull(stored);
        if (stored.DeletedAt is not null) return new AppendResult(AppendOutcome.Conflict);
        var content = edit.Edit.Apply(stored.Content);
        if (edit.Before is { } before && !before.Equals(stored.Content)) return new AppendResult(AppendOutcome.Stale);
        if (content.IsEmpty) return new AppendResult(AppendOutcome.NothingLeft);
        // An edit keeps the parts that it does not name: each part may fit a frame while all together do not.
        if (SizeOf(content) > ProtocolConstants.MaxFrameBytes) return new AppendResult(AppendOutcome.TooLarge);
        return content.Equals(stored.Content)
            ? new AppendResult(AppendOutcome.Unchanged, stored)
            : new AppendResult(AppendOutcome.Appended, stored with { Content = content, EditedAt = edit.Time, Version = version });
    }

    /// <summary>Decides on a deletion. Where the outcome is appended, its message is what to write.</summary>
    /// <param name="delete">The deletion.</param>
    /// <param name="stored">The message as it now is.</param>
    /// <param name="version">The channel's next version.</param>
    public static AppendResult Delete(DeleteChange delete, Message stored, long version)
    {
        ArgumentNullException.ThrowIfNull(delete);
        ArgumentNullException.ThrowIfNull(stored);
        return stored.DeletedAt is not null
            ? new AppendResult(AppendOutcome.Unchanged, stored)
            : new AppendResult(AppendOutcome.Appended, stored with
            {
                Content = MessageContent.None,
                Reactions = [],
                PinnedAt = null,
                PinnedBy = null,
                DeletedAt = delete.Time,
                Version = version,
            });
    }

    /// <summary>Decides on a reaction, before the store adds or removes the user's row.</summary>
    /// <param name="react">The reaction.</param>
    /// <param name="stored">The message as it now is, with its reactions.</param>
    /// <param name="given">Whether the user has given this reaction already.</param>
    /// <returns>Appended where the row is to be added or removed; its message still has the old reactions and version.</returns>
    public static AppendResult React(ReactChange react, Message stored, bool given)
    {
        ArgumentNullException.ThrowIfNull(react);
        ArgumentNullException.ThrowIfNull(stored);
        if (stored.DeletedAt is not null) return new AppendResult(AppendOutcome.Conflict);
        if (given != react.Remove) return new AppendResult(AppendOutcome.Unchanged, stored);
        var isNew = !react.Remove && stored.Reactions.All(summary => summary.Reaction != react.Reaction);
        return isNew && stored.Reactions.Count >= MaxReactionsPerMessage
            ? new AppendResult(AppendOutcome.TooManyReactions)
            : new AppendResult(AppendOutcome.Appended, stored);
    }

    /// <summary>Decides on a message being pinned or unpinned. Where the outcome is appended, its message is what to write.</summary>
    /// <param name="pin">The change.</param>
    /// <param name="stored">The message as it now is.</param>
    /// <param name="pinned">How many messages of the channel are pinned.</param>
    /// <param name="version">The channel's next version.</param>
    public static AppendResult Pin(PinChange pin, Message stored, int pinned, long version)
    {
        ArgumentNullException.ThrowIfNull(pin);
        ArgumentNullException.ThrowIfNull(stored);
        if (stored.DeletedAt is not null) return new AppendResult(AppendOutcome.Conflict);
        if (stored.PinnedAt is null == pin.Remove) return new AppendResult(AppendOutcome.Unchanged, stored);
        if (!pin.Remove && pinned >= MaxPins) return new AppendResult(AppendOutcome.TooManyPins);
        return new AppendResult(AppendOutcome.Appended, stored with
        {
            PinnedAt = pin.Remove ? null : pin.Time,
            PinnedBy = pin.Remove ? null : pin.User,
            Version = version,
        });
    }

    /// <summary>The bytes of text, data and attachments, which may be <see cref="ProtocolConstants.MaxFrameBytes"/> together.</summary>
    internal static int SizeOf(MessageContent content) =>
        (content.Data?.Utf8.Length ?? 0) + (content.Attachments?.Utf8.Length ?? 0) + System.Text.Encoding.UTF8.GetByteCount(content.Text ?? "");

    /// <summary>The bytes of text, data and attachments that a change brings.</summary>
    internal static int SizeOf(MessageChange change) => change switch
    {
        PostChange post => SizeOf(post.Content),
        EditChange edit => SizeOf(edit.Edit.Apply(MessageContent.None)),
        _ => 0,
    };

    /// <summary>Whom a message's mentions count for: each named user once, but not its sender.</summary>
    /// <param name="message">The message as it now is.</param>
    public static IEnumerable<string> Mentioned(Message message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return message.Content.Mentions is not { Count: > 0 } mentions ? []
            : mentions.Distinct(StringComparer.Ordinal).Where(user => user != message.Sender);
    }
}
