using System.Buffers;
using System.Text;
using System.Text.Json;
using RealtimeKit.Protocol;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>
/// The summaries of a message's reactions as one JSON text in its row, <c>[["👍", 2, "ann", "bob"]]</c>, so that a page of
/// messages is read without a query for each.
/// </summary>
internal static class ReactionCodec
{
    public static string? Write(IReadOnlyList<ReactionSummary> reactions)
    {
        if (reactions.Count == 0) return null;
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var (reaction, count, users) in reactions)
            {
                json.WriteStartArray();
                json.WriteStringValue(reaction);
                json.WriteNumberValue(count);
                foreach (var user in users) json.WriteStringValue(user);
                json.WriteEndArray();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static IReadOnlyList<ReactionSummary> Read(ReadOnlySpan<byte> text)
    {
        var summaries = new List<ReactionSummary>();
        var json = new Utf8JsonReader(text);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.StartArray)
        {
            json.Read();
            var reaction = json.GetString()!;
            json.Read();
            var count = json.GetInt32();
            var users = new List<string>();
            while (json.Read() && json.TokenType != JsonTokenType.EndArray) users.Add(json.GetString()!);
            summaries.Add(new ReactionSummary(reaction, count, users));
        }

        return summaries;
    }
}
