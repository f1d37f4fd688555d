using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Inboxes;

/// <summary>
/// What a client holds of its inbox, as the text that it keeps: a position of the store, and the totals of that moment, so that whoever
/// missed nothing needs no count of everything. Who changes it has wrong totals for itself. It says whose it is: a device that another
/// user signs in on begins anew.
/// </summary>
/// <param name="Position">The position.</param>
/// <param name="Totals">The totals.</param>
/// <param name="Owner">Whose it is, as <see cref="OwnerOf"/> gives it.</param>
internal readonly record struct InboxCursor(InboxPosition Position, UnreadTotals Totals, string Owner)
{
    /// <summary>A cursor that begins anew: of a client that has not all rows yet.</summary>
    public const string Begin = "0";

    private const int Longest = 256;

    /// <summary>What stands for a user in a cursor.</summary>
    public static string OwnerOf(string user) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(user)).AsSpan(0, 4));

    /// <summary>Reads what <see cref="ToString"/> made for the same owner; null for anything else.</summary>
    public static InboxCursor? TryParse(string? text, string owner) =>
        text?.Length <= Longest && text.Split('.') is [{ Length: > 0 } epoch, var stamp, var unread, var mentions, var whose]
            && TryNumber(stamp) is { } first && TryNumber(unread) is { } second && TryNumber(mentions) is { } third && whose == owner
            ? new InboxCursor(new InboxPosition(epoch, first), new UnreadTotals(second, third), owner) : null;

    /// <summary>The cursor as text, for the wire.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Position.Epoch}.{Position.Stamp}.{Totals.Unread}.{Totals.Mentions}.{Owner}");

    private static long? TryNumber(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
