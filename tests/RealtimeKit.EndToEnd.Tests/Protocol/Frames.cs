using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using FluentAssertions.Execution;

namespace RealtimeKit.EndToEnd.Protocol;

/// <summary>Writing and reading frames as plain JSON.</summary>
public static class Frames
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 200 };
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 200 };

    /// <summary>The text of a frame: its type, its id, and the fields of an anonymous object.</summary>
    public static string Compose(string type, long id, object? fields = null)
    {
        var frame = new JsonObject { ["type"] = type, ["id"] = id };
        var given = fields as JsonObject ?? JsonSerializer.SerializeToNode(fields, Plain)?.AsObject();
        foreach (var (name, value) in given ?? []) frame[name] = value?.DeepClone();
        return frame.ToJsonString(Plain);
    }

    public static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json, Deep);
        return document.RootElement.Clone();
    }

    /// <summary>Whether the field is there and not null, which for an optional field is the same as absent.</summary>
    public static bool Has(this JsonElement element, string field) =>
        element.TryGetProperty(field, out var value) && value.ValueKind != JsonValueKind.Null;

    public static bool IsType(this JsonElement frame, string type) => frame.Has("type") && frame.Text("type") == type;

    public static JsonElement Field(this JsonElement element, string field) =>
        element.TryGetProperty(field, out var value) ? value : throw new AssertionFailedException($"No '{field}' in {element.Brief()}");

    public static string Text(this JsonElement element, string field) => element.Typed(field, JsonValueKind.String).GetString()!;

    public static bool Flag(this JsonElement element, string field) => element.Field(field).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw new AssertionFailedException($"'{field}' is no boolean in {element.Brief()}"),
    };

    public static long Number(this JsonElement element, string field)
    {
        var raw = element.Typed(field, JsonValueKind.Number).GetRawText();
        raw.Should().MatchRegex("^(0|-?[1-9][0-9]*)$", "'{0}' is an integer without fraction or exponent in {1}", field, element.Brief());
        return long.Parse(raw, System.Globalization.CultureInfo.InvariantCulture);
    }

    public static IReadOnlyList<JsonElement> Items(this JsonElement element, string field) =>
        [.. element.Typed(field, JsonValueKind.Array).EnumerateArray()];

    public static IReadOnlyList<string> Texts(this JsonElement element, string field) =>
        [.. element.Items(field).Select(item => item.GetString()!)];

    public static IReadOnlyList<long> Sequences(this JsonElement frame) =>
        [.. frame.Items("messages").Select(message => message.Number("sequence"))];

    /// <summary>The frame as text, cut to what a failure message can bear.</summary>
    public static string Brief(this JsonElement element)
    {
        var raw = element.GetRawText();
        return raw.Length <= 600 ? raw : raw[..600] + "…";
    }

    private static JsonElement Typed(this JsonElement element, string field, JsonValueKind kind)
    {
        var value = element.Field(field);
        return value.ValueKind == kind
            ? value
            : throw new AssertionFailedException($"'{field}' is {value.ValueKind}, not {kind}, in {element.Brief()}");
    }
}
