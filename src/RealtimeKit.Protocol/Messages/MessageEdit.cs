namespace RealtimeKit.Protocol;

/// <summary>New content for a message: what is null here stays as it is, unless <see cref="Remove"/> names it.</summary>
public sealed record MessageEdit
{
    /// <summary>The new text.</summary>
    public string? Text { get; init; }

    /// <summary>The new data.</summary>
    public JsonValue? Data { get; init; }

    /// <summary>The new attachments.</summary>
    public JsonValue? Attachments { get; init; }

    /// <summary>The new mentions.</summary>
    public IReadOnlyList<string>? Mentions { get; init; }

    /// <summary>The parts to take away. Something of the message must be left.</summary>
    public MessageParts Remove { get; init; }

    /// <summary>An edit that replaces the text.</summary>
    public static implicit operator MessageEdit(string text) => FromText(text);

    /// <summary>An edit that replaces the text.</summary>
    public static MessageEdit FromText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new MessageEdit { Text = text };
    }
}

/// <summary>Parts of a message's content.</summary>
[Flags]
public enum MessageParts
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The text.</summary>
    Text = 1,

    /// <summary>The application's data.</summary>
    Data = 2,

    /// <summary>The attachments.</summary>
    Attachments = 4,

    /// <summary>The mentions.</summary>
    Mentions = 8,
}
