namespace RealtimeKit.Checking.Inboxes;

/// <summary>All rows of a user and the totals, as a client shows them or as they are.</summary>
/// <param name="Rows">The rows by channel.</param>
/// <param name="Unread">The total of unread messages.</param>
/// <param name="Mentions">The total of mentions.</param>
internal sealed record InboxPicture(IReadOnlyDictionary<string, InboxRow> Rows, long Unread, long Mentions)
{
    /// <summary>Makes the picture of rows, with the totals that they must have.</summary>
    public static InboxPicture Of(IReadOnlyList<InboxRow> rows) => new(
        rows.ToDictionary(row => row.Channel),
        rows.Sum(row => row.Notify switch { "all" => row.Unread, "mentions" => row.Mentions, _ => 0 }),
        rows.Sum(row => row.Notify == "none" ? 0 : row.Mentions));

    /// <summary>Says what a client shows otherwise than this; nothing where all is the same.</summary>
    public IEnumerable<string> Differences(InboxPicture shown)
    {
        foreach (var row in Rows.Values)
        {
            if (!shown.Rows.TryGetValue(row.Channel, out var other)) yield return $"{row.Channel} is not shown";
            else if (other != row) yield return $"{row.Channel} is shown as {other} and is {row}";
        }

        foreach (var channel in shown.Rows.Keys.Where(channel => !Rows.ContainsKey(channel))) yield return $"{channel} is shown, and the user is not in it";
        if ((shown.Unread, shown.Mentions) != (Unread, Mentions))
            yield return $"the totals are shown as {shown.Unread} and {shown.Mentions}, and are {Unread} and {Mentions}";
    }
}
