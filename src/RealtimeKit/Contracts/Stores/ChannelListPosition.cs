using System.Globalization;

namespace RealtimeKit.Stores;

/// <summary>
/// A place in a user's list of channels, which has the latest change first and equal times by name. A store tells it as
/// <see cref="ChannelPage.Next"/> and takes it back to go on behind it.
/// </summary>
/// <param name="Changed">The channel's latest change or, before the first, its creation; in whole milliseconds.</param>
/// <param name="Channel">The channel.</param>
public readonly record struct ChannelListPosition(DateTimeOffset Changed, string Channel) : IComparable<ChannelListPosition>
{
    /// <summary>Reads what <see cref="ToString"/> made.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static ChannelListPosition Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || !long.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var changed)
            || changed > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            throw new FormatException("The text is not a position in a list of channels: pass the next of an earlier page.");
        return new ChannelListPosition(DateTimeOffset.FromUnixTimeMilliseconds(changed), text[(colon + 1)..]);
    }

    /// <summary>Compares places in the list: what comes first in it is less.</summary>
    public int CompareTo(ChannelListPosition other) =>
        other.Changed.CompareTo(Changed) is var order and not 0 ? order : string.CompareOrdinal(Channel, other.Channel);

    /// <summary>The place as text, for the wire.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Changed.ToUnixTimeMilliseconds()}:{Channel}");

    /// <summary>Whether the left place comes before the right one.</summary>
    public static bool operator <(ChannelListPosition left, ChannelListPosition right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left place comes after the right one.</summary>
    public static bool operator >(ChannelListPosition left, ChannelListPosition right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left place does not come after the right one.</summary>
    public static bool operator <=(ChannelListPosition left, ChannelListPosition right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left place does not come before the right one.</summary>
    public static bool operator >=(ChannelListPosition left, ChannelListPosition right) => left.CompareTo(right) >= 0;
}
