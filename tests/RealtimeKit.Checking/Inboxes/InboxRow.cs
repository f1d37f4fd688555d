using System.Text.Json;
using RealtimeKit.Protocol;

namespace RealtimeKit.Checking.Inboxes;

/// <summary>A row of an inbox, with all that is compared: two rows are the same where all of it is.</summary>
internal sealed record InboxRow
{
    private const int MostText = 500;

    public required string Channel { get; init; }

    public required string Kind { get; init; }

    public string? Name { get; init; }

    public required string Role { get; init; }

    public required long Sequence { get; init; }

    public required long Version { get; init; }

    public required long Read { get; init; }

    public required long Unread { get; init; }

    public required long Mentions { get; init; }

    /// <summary>The last message, as <see cref="LastOf"/> describes it.</summary>
    public required string Last { get; init; }

    public bool Closed { get; init; }

    public required string Notify { get; init; }

    public bool Pinned { get; init; }

    public bool Hidden { get; init; }

    /// <summary>The time by which rows are ordered, in milliseconds.</summary>
    public required long Changed { get; init; }

    public static string LastOf(long sequence, long version, string sender, string? text, bool isDeleted) =>
        $"{sequence} v{version} of {sender} {(isDeleted ? "deleted" : text?[..Math.Min(MostText, text.Length)])}";

    public static InboxRow From(ChannelSummary row) => new()
    {
        Channel = row.Channel, Kind = Lower(row.Kind), Name = row.Name, Role = Lower(row.Role), Sequence = row.Sequence, Version = row.Version, Read = row.Read,
        Unread = row.Unread, Mentions = row.Mentions, Closed = row.Closed, Notify = Lower(row.Notify), Pinned = row.Pinned, Hidden = row.Hidden,
        Changed = row.Changed.ToUnixTimeMilliseconds(),
        Last = row.Last is { } last ? LastOf(last.Sequence, last.Version, last.Sender, last.Text, last.DeletedAt is not null) : "",
    };

    public static InboxRow FromJson(JsonElement row) => new()
    {
        Channel = row.GetProperty("channel").GetString()!, Kind = row.GetProperty("kind").GetString()!, Name = Text(row, "name"),
        Role = row.GetProperty("role").GetString()!, Sequence = Number(row, "sequence"), Version = Number(row, "version"), Read = Number(row, "read"),
        Unread = Number(row, "unread"), Mentions = Number(row, "mentions"), Closed = row.TryGetProperty("closed", out var closed) && closed.GetBoolean(),
        Notify = row.GetProperty("notify").GetString()!, Pinned = row.GetProperty("pinned").GetBoolean(), Hidden = row.GetProperty("hidden").GetBoolean(),
        Changed = row.GetProperty("changed").GetDateTimeOffset().ToUnixTimeMilliseconds(),
        Last = row.TryGetProperty("last", out var last)
            ? LastOf(Number(last, "sequence"), Number(last, "version"), last.GetProperty("sender").GetString()!, Text(last, "text"), last.TryGetProperty("deletedAt", out _))
            : "",
    };

    private static long Number(JsonElement json, string name) => json.GetProperty(name).GetInt64();

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var text) ? text.GetString() : null;

#pragma warning disable CA1308 // The words of the wire are in lower case.
    private static string Lower<T>(T word) where T : struct, Enum => word.ToString().ToLowerInvariant();
#pragma warning restore CA1308
}
