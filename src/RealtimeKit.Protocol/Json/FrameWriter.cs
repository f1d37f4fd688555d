using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;

namespace RealtimeKit.Protocol;

/// <summary>How every frame is written: one line of compact JSON, a line feed behind it.</summary>
internal static class FrameWriter
{
    public static readonly JsonWriterOptions Options = new()
    {
        Encoder = MinimalJsonEncoder.Instance,
        SkipValidation = true,
        MaxDepth = 4 * ProtocolConstants.MaxDepth,
    };

    [ThreadStatic]
    private static Utf8JsonWriter? _cached;

    /// <summary>Begins a frame of <paramref name="type"/> on this thread's writer; <see cref="End"/> must follow on the same thread.</summary>
    public static Utf8JsonWriter Begin(IBufferWriter<byte> output, ReadOnlySpan<byte> type)
    {
        var json = _cached ?? new Utf8JsonWriter(output, Options);
        _cached = null;
        json.Reset(output);
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        return json;
    }

    /// <summary>Ends the frame.</summary>
    public static void End(Utf8JsonWriter json, IBufferWriter<byte> output)
    {
        json.WriteEndObject();
        json.Flush();
        json.Reset(Stream.Null);
        _cached = json;
        output.Write("\n"u8);
    }

    /// <summary>Writes a time as RFC 3339 in UTC with milliseconds.</summary>
    public static void WriteTime(this Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset time)
    {
        Span<char> text = stackalloc char[24];
        time.UtcDateTime.TryFormat(text, out var length, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        json.WriteString(name, text[..length]);
    }

    /// <summary>Writes an id as first sent.</summary>
    public static void WriteMessageId(this Utf8JsonWriter json, ReadOnlySpan<byte> name, MessageId id)
    {
        if (id.SpecialText is { } special)
        {
            json.WriteString(name, special);
            return;
        }

        Span<byte> text = stackalloc byte[36];
        Utf8Formatter.TryFormat(id.Value, text, out _);
        json.WriteString(name, text);
    }
}
