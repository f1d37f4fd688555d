using RealtimeKit.Protocol;

namespace RealtimeKit.Samples;

/// <summary>What people wrote, as a terminal may show it.</summary>
internal static class Wording
{
    public static string Of(Message message) => message switch
    {
        { DeletedAt: not null } => "(deleted)",
        { Text: { } text, EditedAt: not null } => $"{Safe(text)} (edited)",
        { Text: { } text } => Safe(text),
        _ => Safe(message.Content.Data?.ToString() ?? "(attachments)"),
    };

    /// <summary>
    /// Without control characters: to a terminal they are commands, and a line break would let somebody write in another's name.
    /// </summary>
    public static string Safe(string text) => string.Concat(text.Select(symbol =>
        symbol == '\n' ? " ⏎ " : char.IsControl(symbol) ? "\uFFFD" : symbol.ToString()));

    public static string Clock(Message message) => message.Time.ToLocalTime().ToString("HH:mm", System.Globalization.CultureInfo.InvariantCulture);
}
