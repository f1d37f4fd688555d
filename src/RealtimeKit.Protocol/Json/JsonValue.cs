using System.Text.Json;

namespace RealtimeKit.Protocol;

/// <summary>
/// One JSON value as UTF-8 text, carried as it came: <c>data</c> and <c>attachments</c> pass through without being
/// understood. Equality is that of JSON values: key order, white space, escapes and the spelling of numbers do not matter.
/// </summary>
public sealed class JsonValue : IEquatable<JsonValue>
{
    private JsonValue(ReadOnlyMemory<byte> utf8) => Utf8 = utf8;

    /// <summary>The text: one line of valid JSON in UTF-8.</summary>
    public ReadOnlyMemory<byte> Utf8 { get; }

    /// <summary>Takes over text that is already known to be valid JSON without line feeds, such as a store's own.</summary>
    public static JsonValue FromTrusted(ReadOnlyMemory<byte> utf8) => new(utf8);

    /// <summary>Takes a value from an element, in compact form.</summary>
    /// <exception cref="InvalidOperationException">The element is undefined.</exception>
    public static JsonValue FromElement(JsonElement element)
    {
        using var scratch = new FrameBuffer();
        // Through tokens, not raw text: a pretty-printed element has line feeds, which separate frames.
        using (var writer = new Utf8JsonWriter(scratch, FrameWriter.Options)) WriteCompact(writer, element);
        return new JsonValue(scratch.WrittenMemory.ToArray());
    }

    /// <summary>Reads JSON text.</summary>
    /// <exception cref="JsonException">The text is not one JSON value.</exception>
    public static JsonValue Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return FromElement(document.RootElement);
    }

    /// <summary>The value as an element that owns its memory.</summary>
    public JsonElement ToElement()
    {
        var reader = new Utf8JsonReader(Utf8.Span, new JsonReaderOptions { MaxDepth = 2 * ProtocolConstants.MaxDepth });
        return JsonElement.ParseValue(ref reader);
    }

    /// <inheritdoc/>
    public bool Equals(JsonValue? other) =>
        other is not null && (Utf8.Span.SequenceEqual(other.Utf8.Span) || CanonicalJson.AreEqual(Utf8, other.Utf8));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as JsonValue);

    /// <inheritdoc/>
    public override int GetHashCode() => CanonicalJson.Hash(Utf8);

    /// <summary>The JSON text.</summary>
    public override string ToString() => System.Text.Encoding.UTF8.GetString(Utf8.Span);

    private static void WriteCompact(Utf8JsonWriter writer, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in element.EnumerateObject())
                {
                    writer.WritePropertyName(property.Name);
                    WriteCompact(writer, property.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray()) WriteCompact(writer, item);
                writer.WriteEndArray();
                break;
            case JsonValueKind.Undefined:
                throw new InvalidOperationException("An undefined JSON element has no value to send.");
            default:
                element.WriteTo(writer);
                break;
        }
    }
}
