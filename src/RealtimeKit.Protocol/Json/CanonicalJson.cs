using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace RealtimeKit.Protocol;

/// <summary>
/// A form in which two JSON texts are the same bytes exactly when they are the same value: keys sorted by ordinal with
/// the last of duplicates kept, strings unescaped, numbers as digits and exponent. (The idea is RFC 8785's; numbers keep
/// every digit here, because they need not fit a double.)
/// </summary>
internal static class CanonicalJson
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 2 * ProtocolConstants.MaxDepth };

    public static bool AreEqual(ReadOnlyMemory<byte> left, ReadOnlyMemory<byte> right)
    {
        using var one = new FrameBuffer();
        using var two = new FrameBuffer();
        Write(left, one);
        Write(right, two);
        return one.WrittenSpan.SequenceEqual(two.WrittenSpan);
    }

    public static int Hash(ReadOnlyMemory<byte> json)
    {
        using var buffer = new FrameBuffer();
        Write(json, buffer);
        var hash = default(HashCode);
        hash.AddBytes(buffer.WrittenSpan);
        return hash.ToHashCode();
    }

    public static void Write(ReadOnlyMemory<byte> json, IBufferWriter<byte> output)
    {
        using var document = JsonDocument.Parse(json, Options);
        Write(document.RootElement, output);
    }

    private static void Write(JsonElement element, IBufferWriter<byte> output)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                output.Write("{"u8);
                foreach (var (name, value) in Properties(element))
                {
                    WriteString(name, output);
                    Write(value, output);
                }

                output.Write("}"u8);
                break;
            case JsonValueKind.Array:
                output.Write("["u8);
                foreach (var item in element.EnumerateArray()) Write(item, output);
                output.Write("]"u8);
                break;
            case JsonValueKind.String:
                WriteString(element.GetString()!, output);
                break;
            case JsonValueKind.Number:
                output.Write("#"u8);
                WriteAscii(Number(element.GetRawText()), output);
                break;
            default:
                WriteAscii(element.GetRawText(), output);
                break;
        }

        output.Write(","u8);
    }

    private static SortedDictionary<string, JsonElement> Properties(JsonElement element)
    {
        var properties = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject()) properties[property.Name] = property.Value;
        return properties;
    }

    // The length precedes the text, so that no text can imitate what surrounds it.
    private static void WriteString(string value, IBufferWriter<byte> output)
    {
        WriteAscii($"\"{value.Length}:", output);
        Encoding.UTF8.GetBytes(value, output);
    }

    private static void WriteAscii(string value, IBufferWriter<byte> output) => Encoding.ASCII.GetBytes(value, output);

    private static string Number(string raw)
    {
        var negative = raw[0] == '-';
        var mantissa = negative ? raw[1..] : raw;
        var exponent = BigInteger.Zero;
        if (mantissa.AsSpan().IndexOfAny('e', 'E') is >= 0 and var at)
        {
            exponent = Exponent(mantissa.AsSpan(at + 1));
            mantissa = mantissa[..at];
        }

        if (mantissa.IndexOf('.', StringComparison.Ordinal) is >= 0 and var point)
        {
            exponent -= mantissa.Length - point - 1;
            mantissa = mantissa.Remove(point, 1);
        }

        var digits = mantissa.TrimStart('0');
        if (digits.Length == 0) return "0";
        var significant = digits.TrimEnd('0');
        exponent += digits.Length - significant.Length;
        return string.Create(CultureInfo.InvariantCulture, $"{(negative ? "-" : "")}{significant}e{exponent}");
    }

    // Parsing a number of n digits takes n squared steps: an absurd exponent must not buy that much time.
    private static BigInteger Exponent(ReadOnlySpan<char> text)
    {
        const int sane = 1_000;
        return BigInteger.Parse(text.Length > sane ? text[..sane] : text, CultureInfo.InvariantCulture);
    }
}
