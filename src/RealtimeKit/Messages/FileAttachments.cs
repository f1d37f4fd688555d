using System.Text.Json;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Messages;

/// <summary>Reads and completes the attachments that name files. Pure functions.</summary>
internal static class FileAttachments
{
    private const string Field = "file";

    /// <summary>Reads which files attachments name.</summary>
    /// <param name="attachments">A JSON array of objects.</param>
    /// <param name="files">The ids, in their order.</param>
    /// <returns>What is wrong with them; <see langword="null"/> for nothing.</returns>
    public static string? Read(JsonValue? attachments, out IReadOnlyList<string> files)
    {
        files = [];
        if (attachments is null || !MayName(attachments.Utf8.Span)) return null;
        var found = new List<string>();
        foreach (var attachment in attachments.ToElement().EnumerateArray())
        {
            if (!attachment.TryGetProperty(Field, out var file)) continue;
            if (file.ValueKind != JsonValueKind.String) return "The 'file' of an attachment must be a string: the id of an uploaded file.";
            var id = file.GetString()!;
            if (found.Contains(id)) return $"The attachments name the file '{id}' twice.";
            found.Add(id);
        }

        files = found;
        return null;
    }

    /// <summary>Gives each attachment that names a file the file's name, type and size, in place of its own fields of these names.</summary>
    public static JsonValue Fill(JsonValue attachments, IReadOnlyDictionary<string, StoredFile> files)
    {
        using var scratch = new FrameBuffer();
        using (var writer = new Utf8JsonWriter(scratch, FrameWriter.Options))
        {
            writer.WriteStartArray();
            foreach (var attachment in attachments.ToElement().EnumerateArray())
            {
                if (attachment.TryGetProperty(Field, out var file) && files.TryGetValue(file.GetString()!, out var found)) Write(writer, attachment, found);
                else attachment.WriteTo(writer);
            }

            writer.WriteEndArray();
        }

        return JsonValue.FromTrusted(scratch.WrittenMemory.ToArray());
    }

    // A key may be spelled with escapes.
    private static bool MayName(ReadOnlySpan<byte> json) => json.IndexOf("\"file\""u8) >= 0 || json.Contains((byte)'\\');

    private static void Write(Utf8JsonWriter writer, JsonElement attachment, StoredFile file)
    {
        writer.WriteStartObject();
        writer.WriteString(Field, file.Id);
        foreach (var property in attachment.EnumerateObject())
        {
            if (property.Name is not (Field or "name" or "type" or "size")) property.WriteTo(writer);
        }

        writer.WriteString("name", file.Name);
        writer.WriteString("type", file.Type);
        writer.WriteNumber("size", file.Size);
        writer.WriteEndObject();
    }
}
