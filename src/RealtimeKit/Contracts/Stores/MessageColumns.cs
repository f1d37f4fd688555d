using System.Buffers;
using System.Text;
using System.Text.Json;
using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// The lists of a message as text, for stores that keep each in one column of its row, so that a page of messages is read
/// without a query for each. Pure functions.
/// </summary>
public static class MessageColumns
{
    // A user's name never contains it.
    private const char Separator = '\n';

    /// <summary>
    /// The summaries of reactions as one JSON text, <c>[["👍",2,"ann","bob"]]</c>; <see langword="null"/> where there are none.
    /// </summary>
    public static string? WriteReactions(IReadOnlyList<ReactionSummary> reactions)
    {
        ArgumentNullException.ThrowIfNull(reactions);
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

    /// <summary>Reads what <see cref="WriteReactions"/> wrote, as UTF-8.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static IReadOnlyList<ReactionSummary> ReadReactions(ReadOnlySpan<byte> text)
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

    /// <summary>The mentioned users in their order, with line feeds between them; <see langword="null"/> where there is no list.</summary>
    public static string? WriteMentions(IReadOnlyList<string>? mentions) => mentions is null ? null : string.Join(Separator, mentions);

    /// <summary>Reads what <see cref="WriteMentions"/> wrote.</summary>
    public static IReadOnlyList<string>? ReadMentions(string? text) => text?.Split(Separator, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>A whole message as JSON, as a report keeps it.</summary>
    public static string WriteMessage(Message message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, FrameWriter.Options)) MessageCodec.Write(json, message);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Reads what <see cref="WriteMessage"/> wrote.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static Message ReadMessage(string text)
    {
        using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 2 * ProtocolConstants.MaxDepth });
        return MessageCodec.Read(document.RootElement);
    }
}
