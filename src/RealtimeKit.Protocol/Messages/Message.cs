namespace RealtimeKit.Protocol;

/// <summary>
/// A message as every reader sees it, at one version. Immutable; a change makes another with a higher
/// <see cref="Version"/> and the same <see cref="Sequence"/>.
/// </summary>
public sealed record Message
{
    /// <summary>The sender's identity for it, unique within its channel.</summary>
    public required MessageId Id { get; init; }

    /// <summary>Its channel.</summary>
    public required string Channel { get; init; }

    /// <summary>Its position in the channel: 1, 2, 3 and so on, without gaps. Never changes.</summary>
    public required long Sequence { get; init; }

    /// <summary>The channel's version at the last change of this message.</summary>
    public required long Version { get; init; }

    /// <summary>The user who sent it.</summary>
    public required string Sender { get; init; }

    /// <summary>When the server took it: UTC, in whole milliseconds.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What it says; nothing in a deleted message.</summary>
    public required MessageContent Content { get; init; }

    /// <summary>The sequence of the message that this one answers, if any.</summary>
    public long? ReplyTo { get; init; }

    /// <summary>The sequence of the first message of the chain of answers that this one belongs to, if any.</summary>
    public long? Thread { get; init; }

    /// <summary>When it was last edited, if ever.</summary>
    public DateTimeOffset? EditedAt { get; init; }

    /// <summary>When it was deleted, if it was.</summary>
    public DateTimeOffset? DeletedAt { get; init; }

    /// <summary>When it was pinned, where it is.</summary>
    public DateTimeOffset? PinnedAt { get; init; }

    /// <summary>Who pinned it, where it is pinned.</summary>
    public string? PinnedBy { get; init; }

    /// <summary>Its reactions, none of them with a count of zero; empty where there are none.</summary>
    public IReadOnlyList<ReactionSummary> Reactions { get; init; } = [];

    /// <summary>The text, if any.</summary>
    public string? Text => Content.Text;
}

/// <summary>The content of a message: at least one of text, application data and attachments.</summary>
/// <param name="Text">Words, at most 8,000 UTF-16 code units.</param>
/// <param name="Data">Any JSON value of the application's own.</param>
/// <param name="Attachments">A JSON array of 1 to 10 objects of the application's own.</param>
/// <param name="Mentions">The users that it names, at most 50.</param>
public sealed record MessageContent(
    string? Text = null, JsonValue? Data = null, JsonValue? Attachments = null, IReadOnlyList<string>? Mentions = null)
{
    /// <summary>The content of a deleted message.</summary>
    public static MessageContent None { get; } = new();

    /// <summary>Whether there is nothing to store: no text of at least one unit, no attachment, no data.</summary>
    public bool IsEmpty => string.IsNullOrEmpty(Text) && Data is null && (Attachments is null || Attachments.Utf8.Length <= 2);

    /// <summary>Equality of values: data and attachments as JSON, mentions in their order.</summary>
    public bool Equals(MessageContent? other) =>
        other is not null && Text == other.Text && Equals(Data, other.Data) && Equals(Attachments, other.Attachments)
        && (Mentions ?? []).SequenceEqual(other.Mentions ?? []);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Text, Data, Attachments, Mentions?.Count);
}

/// <summary>How often one reaction was given to a message.</summary>
/// <param name="Reaction">The reaction, such as an emoji or a short name.</param>
/// <param name="Count">How many users gave it; at least 1.</param>
/// <param name="Users">The first of them, at most 20.</param>
public sealed record ReactionSummary(string Reaction, int Count, IReadOnlyList<string> Users);
