using System.Globalization;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Inboxes;

/// <summary>
/// What a client holds of its inbox, as the text that it keeps: a position of the store, and the totals of that moment, so that whoever
/// missed nothing needs no count of everything. Who sends another one has wrong totals for itself.
/// </summary>
/// <param name="Position">The position.</param>
/// <param name="Totals">The totals.</param>
internal readonly record struct InboxCursor(InboxPosition Position, UnreadTotals Totals)
{
    /// <summary>A cursor that begins anew: of a client that has not all rows yet.</summary>
    public const string Begin = "0";

    private const int Longest = 256;

    /// <summary>Reads what <see cref="ToString"/> made; null for anything else.</summary>
    public static InboxCursor? TryParse(string? text) =>
        text?.Length <= Longest && text.Split('.') is [{ Length: > 0 } epoch, var stamp, var unread, var mentions]
            && TryNumber(stamp) is { } first && TryNumber(unread) is { } second && TryNumber(mentions) is { } third
            ? new InboxCursor(new InboxPosition(epoch, first), new UnreadTotals(second, third)) : null;

    /// <summary>The cursor as text, for the wire.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Position.Epoch}.{Position.Stamp}.{Totals.Unread}.{Totals.Mentions}");

    private static long? TryNumber(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
