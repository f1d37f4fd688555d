namespace RealtimeKit.Protocol;

/// <summary>A message to send. At least one of text, data and attachments must be there.</summary>
public sealed record OutgoingMessage
{
    /// <summary>
    /// Its identity, the key of idempotency in its channel. Default: a new one. Keep it to send the same message again, in
    /// a later run of the application too, without doubling it.
    /// </summary>
    public MessageId Id { get; init; } = MessageId.Create();

    /// <summary>Words, at most 8,000 UTF-16 code units.</summary>
    public string? Text { get; init; }

    /// <summary>Any JSON value of the application's own.</summary>
    public JsonValue? Data { get; init; }

    /// <summary>A JSON array of 1 to 10 objects of the application's own.</summary>
    public JsonValue? Attachments { get; init; }

    /// <summary>The users that it names, at most 50.</summary>
    public IReadOnlyList<string>? Mentions { get; init; }

    /// <summary>The sequence of the message that it answers, if any.</summary>
    public long? ReplyTo { get; init; }

    /// <summary>A message that says <paramref name="text"/>.</summary>
    public static implicit operator OutgoingMessage(string text) => FromText(text);

    /// <summary>A message that says <paramref name="text"/>.</summary>
    public static OutgoingMessage FromText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new OutgoingMessage { Text = text };
    }
}
