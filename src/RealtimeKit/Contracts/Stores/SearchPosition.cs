using System.Globalization;

namespace RealtimeKit.Stores;

/// <summary>
/// A place among all messages in the order in which a search finds them. It goes to clients as the <c>next</c> of a page, and stays what it is while
/// messages arrive.
/// </summary>
/// <param name="Part">A part of the store's index, of which the later has the higher number; 0 where a position needs none.</param>
/// <param name="Time">The message's time, in milliseconds since 1970.</param>
/// <param name="Place">Tells messages of the same time apart: the one stored later has the higher number.</param>
public readonly record struct SearchPosition(long Part, long Time, long Place)
{
    /// <summary>Reads what <see cref="ToString"/> made.</summary>
    /// <returns>False where it is something else.</returns>
    public static bool TryParse(string? text, out SearchPosition position)
    {
        position = default;
        Span<Range> parts = stackalloc Range[4];
        var span = text.AsSpan();
        if (span.Split(parts, '-') != 3 || !TryRead(span[parts[0]], out var part)
            || !TryRead(span[parts[1]], out var time) || !TryRead(span[parts[2]], out var place)) return false;
        position = new SearchPosition(part, time, place);
        return true;
    }

    /// <summary>The place as text.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Part}-{Time}-{Place}");

    private static bool TryRead(ReadOnlySpan<char> text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
