using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace RealtimeKit.Protocol;

/// <summary>
/// The identity that a sender gives to a message: a UUID, compared without regard to case and sent to readers exactly as
/// it was first sent. It is the key of idempotency within a channel.
/// </summary>
public readonly struct MessageId : IEquatable<MessageId>
{
    private static readonly SearchValues<char> Characters = SearchValues.Create("0123456789abcdefABCDEF-");
    private readonly string? _asSent;

    /// <summary>Makes an id whose text is the lower-case form of <paramref name="value"/>.</summary>
    public MessageId(Guid value) => Value = value;

    private MessageId(Guid value, string? asSent)
    {
        Value = value;
        _asSent = asSent;
    }

    /// <summary>The UUID, which decides equality.</summary>
    public Guid Value { get; }

    /// <summary>The text as first sent where it differs from the lower-case form, else <see langword="null"/>. For stores.</summary>
    public string? SpecialText => _asSent;

    /// <summary>Makes a new id: a UUID of version 7 (RFC 9562), which sorts by the time in <paramref name="time"/>.</summary>
    public static MessageId Create(TimeProvider? time = null) =>
        new(Guid.CreateVersion7((time ?? TimeProvider.System).GetUtcNow()));

    /// <summary>Puts together what a store kept as <see cref="Value"/> and <see cref="SpecialText"/>.</summary>
    public static MessageId FromStored(Guid value, string? specialText) => new(value, specialText);

    /// <summary>Reads the 36-character form, with hyphens, in any case.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out MessageId id)
    {
        // The parser alone would forgive white space, signs and 0x before the groups.
        if (text?.Length == 36 && !text.AsSpan().ContainsAnyExcept(Characters) && Guid.TryParseExact(text, "D", out var value))
        {
            id = new MessageId(value, IsCanonical(text) ? null : text);
            return true;
        }

        id = default;
        return false;
    }

    /// <summary>Reads the 36-character form, with hyphens, in any case.</summary>
    /// <exception cref="FormatException">It is not a UUID.</exception>
    public static MessageId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is not a UUID of 36 characters with hyphens.");

    /// <inheritdoc/>
    public bool Equals(MessageId other) => Value == other.Value;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is MessageId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode();

    /// <summary>The text as first sent.</summary>
    public override string ToString() => _asSent ?? Value.ToString("D");

    /// <summary>Whether both are the same UUID.</summary>
    public static bool operator ==(MessageId left, MessageId right) => left.Equals(right);

    /// <summary>Whether they are different UUIDs.</summary>
    public static bool operator !=(MessageId left, MessageId right) => !left.Equals(right);

    private static bool IsCanonical(ReadOnlySpan<char> text) => !text.ContainsAnyInRange('A', 'F');
}
