using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace RealtimeKit.EndToEnd.Protocol;

/// <summary>The names a vector may use, and how what it expects is held against what came. The format is told in the file itself.</summary>
public sealed partial class Vectors(IDictionary<string, string> names)
{
    /// <summary>Every vector of docs/protocol-vectors.json by its name.</summary>
    public static IReadOnlyDictionary<string, JsonElement> All { get; } =
        Frames.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "protocol-vectors.json")))
            .Items("vectors").ToDictionary(vector => vector.Text("name"));

    /// <summary>The message of a step: its lines, with the names filled in.</summary>
    public string Message(JsonElement step) => string.Join('\n', step.Items("send").Select(line =>
        Fill(line.ValueKind == JsonValueKind.String ? line.GetString()! : JsonNode.Parse(line.GetRawText())!.ToJsonString())));

    /// <summary>Whether a frame is what was expected; what it binds is kept only where all of it matches.</summary>
    public bool Matches(JsonElement expected, JsonElement actual)
    {
        var bound = new List<(string Name, string Value)>();
        if (!Matches(expected, actual, bound)) return false;
        foreach (var (name, value) in bound) names[name] = value;
        return true;
    }

    private bool Matches(JsonElement expected, JsonElement actual, List<(string, string)> bound) => expected.ValueKind switch
    {
        JsonValueKind.Object => actual.ValueKind == JsonValueKind.Object
            && expected.EnumerateObject().All(field => MatchesField(Fill(field.Name), field.Value, actual, bound)),
        JsonValueKind.Array => actual.ValueKind == JsonValueKind.Array && actual.GetArrayLength() == expected.GetArrayLength()
            && expected.EnumerateArray().Zip(actual.EnumerateArray()).All(pair => Matches(pair.First, pair.Second, bound)),
        JsonValueKind.String => MatchesText(expected.GetString()!, actual, bound),
        _ => JsonElement.DeepEquals(expected, actual),
    };

    private bool MatchesField(string name, JsonElement expected, JsonElement actual, List<(string, string)> bound)
    {
        if (expected.ValueKind == JsonValueKind.String && expected.GetString() == "$absent") return !actual.Has(name);
        return actual.TryGetProperty(name, out var value) && Matches(expected, value, bound);
    }

    private bool MatchesText(string expected, JsonElement actual, List<(string, string)> bound)
    {
        if (expected.StartsWith("$bind:", StringComparison.Ordinal))
        {
            bound.Add((expected["$bind:".Length..], actual.ToString()));
            return actual.ValueKind != JsonValueKind.Null;
        }

        return expected switch
        {
            "$any" => actual.ValueKind != JsonValueKind.Null,
            "$string" => actual.ValueKind == JsonValueKind.String,
            "$boolean" => actual.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "$integer" => actual.ValueKind == JsonValueKind.Number && Integer().IsMatch(actual.GetRawText()),
            "$time" => actual.ValueKind == JsonValueKind.String && Regex.IsMatch(actual.GetString()!, FrameAssertions.TimePattern),
            _ => actual.ValueKind == JsonValueKind.String && actual.GetString() == Fill(expected),
        };
    }

    private string Fill(string text)
    {
        text = Repeat().Replace(text, match =>
            string.Concat(Enumerable.Repeat(match.Groups[2].Value, int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture))));
        return Name().Replace(text, match => names.TryGetValue(match.Groups[1].Value, out var value)
            ? value
            : throw new InvalidOperationException($"A vector uses {match.Value}, which nothing has bound."));
    }

    [GeneratedRegex(@"\$\{repeat:(\d+):([^}]*)\}")]
    private static partial Regex Repeat();

    [GeneratedRegex(@"\$\{(\w+)\}")]
    private static partial Regex Name();

    [GeneratedRegex("^(0|-?[1-9][0-9]*)$")]
    private static partial Regex Integer();
}
