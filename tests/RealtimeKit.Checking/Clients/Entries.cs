using System.Text.Json;
using RealtimeKit.Checking.History;
using RealtimeKit.Protocol;

namespace RealtimeKit.Checking.Clients;

/// <summary>Reads messages as the client library gives them, and as they stand in frames.</summary>
internal static class Entries
{
    public static Entry From(Message message) => new()
    {
        Id = message.Id.Value,
        Channel = message.Channel,
        Sequence = message.Sequence,
        Version = message.Version,
        Sender = message.Sender,
        Time = message.Time,
        Text = message.Text,
        ReplyTo = message.ReplyTo,
        EditedAt = message.EditedAt,
        DeletedAt = message.DeletedAt,
        PinnedAt = message.PinnedAt,
        PinnedBy = message.PinnedBy,
        Reactions = From(message.Reactions),
    };

    public static IReadOnlyList<Reaction> From(IReadOnlyList<ReactionSummary> reactions) =>
        reactions.Count == 0 ? [] : [.. reactions.Select(reaction => new Reaction(reaction.Reaction, reaction.Count, reaction.Users))];

    public static Entry FromJson(JsonElement message) => new()
    {
        Id = message.GetProperty("id").GetGuid(),
        Channel = message.GetProperty("channel").GetString()!,
        Sequence = message.GetProperty("sequence").GetInt64(),
        Version = message.GetProperty("version").GetInt64(),
        Sender = message.GetProperty("sender").GetString()!,
        Time = message.GetProperty("time").GetDateTimeOffset(),
        Text = message.TryGetProperty("text", out var text) ? text.GetString() : null,
        ReplyTo = message.TryGetProperty("replyTo", out var replyTo) ? replyTo.GetInt64() : null,
        EditedAt = message.TryGetProperty("editedAt", out var edited) ? edited.GetDateTimeOffset() : null,
        DeletedAt = message.TryGetProperty("deletedAt", out var deleted) ? deleted.GetDateTimeOffset() : null,
        PinnedAt = message.TryGetProperty("pinnedAt", out var pinned) ? pinned.GetDateTimeOffset() : null,
        PinnedBy = message.TryGetProperty("pinnedBy", out var by) ? by.GetString() : null,
        Reactions = ReactionsFromJson(message),
    };

    public static IReadOnlyList<Entry> ListFromJson(JsonElement frame) => [.. frame.GetProperty("messages").EnumerateArray().Select(FromJson)];

    public static IReadOnlyList<Reaction> ReactionsFromJson(JsonElement json) => !json.TryGetProperty("reactions", out var reactions) ? [] :
        [.. reactions.EnumerateObject().Select(reaction => new Reaction(
            reaction.Name, reaction.Value.GetProperty("count").GetInt32(),
            [.. reaction.Value.GetProperty("users").EnumerateArray().Select(user => user.GetString()!)]))];
}
