using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>One change that a store appends to a channel's log: a post, an edit, a deletion, a reaction or a pin.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Time">The server's time for it, UTC, in whole milliseconds.</param>
public abstract record MessageChange(string Channel, DateTimeOffset Time)
{
    /// <summary>
    /// The epoch of the channel that the change was decided for: where the channel has another by now, it was deleted and made again
    /// under its name, and the outcome is <see cref="AppendOutcome.NoMessage"/>, of a post <see cref="AppendOutcome.Stale"/>. Any epoch where this is <see langword="null"/>.
    /// </summary>
    public string? Epoch { get; init; }

    /// <summary>
    /// The channel's revision at which the change was permitted: where the channel has another by now, nothing is written and the outcome is
    /// <see cref="AppendOutcome.Stale"/>. Any revision where this is <see langword="null"/>, as for the application's own changes.
    /// </summary>
    /// <remarks>
    /// The revision rises with every right that is taken, in the transaction that takes it. So no change that a right forbade gets a version
    /// after that transaction, on whichever node it was permitted, and whether or not the nodes hear each other.
    /// </remarks>
    public long? Revision { get; init; }
}

/// <summary>A new message.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Time">The message's time.</param>
/// <param name="Id">The key of idempotency, unique within the channel.</param>
/// <param name="Sender">Who sends it.</param>
/// <param name="Content">What it says, perhaps changed by an interceptor.</param>
/// <param name="ReplyTo">The sequence that it answers; where there is none such, the outcome is <see cref="AppendOutcome.NoMessage"/>.</param>
/// <param name="Digest">The 16-byte digest of the message as first sent, kept with it so that a retry is known even after an edit.</param>
/// <param name="OnlyIfKnown">
/// Ask only whether it is already stored: the outcome is <see cref="AppendOutcome.Duplicate"/>,
/// <see cref="AppendOutcome.Conflict"/> or <see cref="AppendOutcome.NoMessage"/>, and nothing is written.
/// </param>
public sealed record PostChange(
    string Channel, DateTimeOffset Time, MessageId Id, string Sender, MessageContent Content, long? ReplyTo,
    ReadOnlyMemory<byte> Digest, bool OnlyIfKnown = false) : MessageChange(Channel, Time)
{
    /// <summary>
    /// How much time must have passed since the sender's last post of the channel; sooner, the outcome is <see cref="AppendOutcome.TooSoon"/>.
    /// Zero, the default, for any. A post with this set is remembered as the sender's last.
    /// </summary>
    public TimeSpan Pause { get; init; }

    /// <summary>
    /// The files that it takes: each must be a finished one of the sender, for this channel and in no other message, else the outcome is
    /// <see cref="AppendOutcome.NoFile"/>.
    /// </summary>
    public IReadOnlyList<string> Files { get; init; } = [];
}

/// <summary>New content for a message.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Time">When it was edited.</param>
/// <param name="Sequence">The message.</param>
/// <param name="Edit">What to keep, replace and remove.</param>
/// <param name="Before">The content that the edit was decided for: where the message has another by now, the outcome is <see cref="AppendOutcome.Stale"/>; any where <see langword="null"/>.</param>
public sealed record EditChange(string Channel, DateTimeOffset Time, long Sequence, ContentEdit Edit, MessageContent? Before = null)
    : MessageChange(Channel, Time)
{
    /// <summary>
    /// The files that the message has after it: those that it has already, and others as in <see cref="PostChange.Files"/>. What it has beside
    /// them is discarded. <see langword="null"/> where the message keeps its attachments.
    /// </summary>
    public IReadOnlyList<string>? Files { get; init; }
}

/// <summary>The deletion of a message: it keeps its place and loses its content and reactions.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Time">When it was deleted.</param>
/// <param name="Sequence">The message.</param>
public sealed record DeleteChange(string Channel, DateTimeOffset Time, long Sequence) : MessageChange(Channel, Time)
{
    /// <summary>
    /// Who deletes it, where that is a user: of the deletion of another's message an action is kept. <see langword="null"/> for the application.
    /// </summary>
    public string? By { get; init; }
}

/// <summary>A reaction given or taken back by one user.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Time">When.</param>
/// <param name="Sequence">The message.</param>
/// <param name="User">Whose reaction.</param>
/// <param name="Reaction">Which one.</param>
/// <param name="Remove">Whether it is taken back.</param>
public sealed record ReactChange(string Channel, DateTimeOffset Time, long Sequence, string User, string Reaction, bool Remove)
    : MessageChange(Channel, Time);

/// <summary>A message pinned, or unpinned. A deletion unpins, too.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Time">When.</param>
/// <param name="Sequence">The message.</param>
/// <param name="User">Who does it: of a pinned message its <see cref="Message.PinnedBy"/>.</param>
/// <param name="Remove">Whether it is unpinned.</param>
public sealed record PinChange(string Channel, DateTimeOffset Time, long Sequence, string User, bool Remove = false) : MessageChange(Channel, Time)
{
    /// <summary>Whether the application does it, not a user: then no action is kept.</summary>
    public bool IsOfApplication { get; init; }
}

/// <summary>What an edit does to each part of a message's content.</summary>
/// <param name="Text">The part for the text.</param>
/// <param name="Data">The part for the data.</param>
/// <param name="Attachments">The part for the attachments.</param>
/// <param name="Mentions">The part for the mentions.</param>
public sealed record ContentEdit(
    PartEdit<string> Text = default, PartEdit<JsonValue> Data = default, PartEdit<JsonValue> Attachments = default,
    PartEdit<IReadOnlyList<string>> Mentions = default)
{
    /// <summary>The content after the edit.</summary>
    public MessageContent Apply(MessageContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        return new(Text.Apply(content.Text), Data.Apply(content.Data), Attachments.Apply(content.Attachments), Mentions.Apply(content.Mentions));
    }
}

/// <summary>What an edit does to one part: the default keeps it.</summary>
/// <typeparam name="T">The part's type.</typeparam>
/// <param name="Replaces">Whether the part gets another value.</param>
/// <param name="Value">That value; <see langword="null"/> removes the part.</param>
public readonly record struct PartEdit<T>(bool Replaces, T? Value) where T : class
{
    internal T? Apply(T? present) => Replaces ? Value : present;
}

/// <summary>What became of a change.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Message">
/// The message as it now is, where the outcome is <see cref="AppendOutcome.Appended"/>,
/// <see cref="AppendOutcome.Duplicate"/> or <see cref="AppendOutcome.Unchanged"/>.
/// </param>
/// <param name="Epoch">
/// The channel's epoch, where there is a channel: by it every node distinguishes notices about a deleted channel from those about
/// another that was made under its name.
/// </param>
/// <param name="Wait">Where the outcome is <see cref="AppendOutcome.TooSoon"/>: the time that is left; else zero.</param>
/// <param name="Action">The action that is kept with it, if any.</param>
public readonly record struct AppendResult(AppendOutcome Outcome, Message? Message = null, string? Epoch = null, TimeSpan Wait = default, ChannelAction? Action = null);

/// <summary>What may become of a change.</summary>
public enum AppendOutcome
{
    /// <summary>It is stored and took the next version.</summary>
    Appended,

    /// <summary>A post with this id, sender and digest was stored before.</summary>
    Duplicate,

    /// <summary>It would change nothing; no version was taken.</summary>
    Unchanged,

    /// <summary>Another post has this id, or the message was deleted.</summary>
    Conflict,

    /// <summary>The channel does not exist.</summary>
    NoChannel,

    /// <summary>The message, or the one replied to, does not exist.</summary>
    NoMessage,

    /// <summary>The edit would leave nothing of the message.</summary>
    NothingLeft,

    /// <summary>The message has as many different reactions as are allowed.</summary>
    TooManyReactions,

    /// <summary>The channel has as many pinned messages as are allowed.</summary>
    TooManyPins,

    /// <summary>The edit would leave a content that is larger than a message's may be.</summary>
    TooLarge,

    /// <summary>The change was decided for another content, or permitted at another revision, than there is by now: it is to be decided anew.</summary>
    Stale,

    /// <summary>The sender has posted too short a time ago.</summary>
    TooSoon,

    /// <summary>A file of the message is not one that its sender may give it.</summary>
    NoFile,
}
