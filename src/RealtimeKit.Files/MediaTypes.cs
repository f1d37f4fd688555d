using System.Buffers;
using System.Text;

namespace RealtimeKit.Files;

/// <summary>Media types: which one a content has, which may be shown in a page, and how they are spelled.</summary>
internal static class MediaTypes
{
    /// <summary>What nothing is known of.</summary>
    public const string Unknown = "application/octet-stream";

    /// <summary>How many bytes of a content are looked at.</summary>
    public const int HeadBytes = 1_024;

    private const int MaxLength = 127;
    private const string Html = "text/html";
    private const string Svg = "image/svg+xml";
    private const string Xml = "application/xml";

    private static readonly SearchValues<char> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly string[] Inline =
    [
        "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "video/mp4", "audio/mp4", "video/webm", "audio/webm", "audio/mpeg",
        "audio/ogg", "video/ogg", "application/ogg", "text/plain",
    ];

    private static readonly string[] HtmlBegins = ["<!doctype html", "<html", "<head", "<body", "<script", "<iframe"];

    /// <summary>Whether a browser may show it: no type that it could run scripts of.</summary>
    public static bool IsInline(string type) => Inline.Contains(Essence(type));

    /// <summary>Whether a text is a media type: a type and a subtype, and perhaps parameters.</summary>
    public static bool IsWellFormed(string text)
    {
        if (text.Length > MaxLength) return false;
        var parts = text.Split(';');
        return IsPair(parts[0].Trim(), '/') && parts.Skip(1).All(static part => IsPair(part.Trim(), '='));
    }

    /// <summary>Whether a list allows a type; an empty one allows all.</summary>
    public static bool IsAllowed(IEnumerable<string> list, string type)
    {
        var essence = Essence(type);
        var isEmpty = true;
        foreach (var allowed in list)
        {
            isEmpty = false;
            var one = Essence(allowed);
            if (one == essence || one == "*/*" || (one.EndsWith("/*", StringComparison.Ordinal) && essence.StartsWith(one[..^1], StringComparison.Ordinal))) return true;
        }

        return isEmpty;
    }

    /// <summary>The type of a content: from its first bytes where these tell it, else the declared one.</summary>
    /// <param name="head">The first bytes, up to <see cref="HeadBytes"/>.</param>
    /// <param name="declared">The declared type, or <see cref="Unknown"/>.</param>
    public static string Find(ReadOnlySpan<byte> head, string declared)
    {
        var essence = Essence(declared);
        if (IsPng(head)) return "image/png";
        if (head.Length > 3 && head[0] == 0xFF && head[1] == 0xD8 && head[2] == 0xFF) return "image/jpeg";
        if (head.StartsWith("GIF87a"u8) || head.StartsWith("GIF89a"u8)) return "image/gif";
        if (head.StartsWith("RIFF"u8) && At(head, 8, "WEBP"u8)) return "image/webp";
        if (head.StartsWith("RIFF"u8) && At(head, 8, "WAVE"u8)) return "audio/wav";
        if (head.StartsWith("%PDF-"u8)) return "application/pdf";
        if (head.StartsWith("OggS"u8)) return essence is "audio/ogg" or "video/ogg" or "application/ogg" ? declared : "audio/ogg";
        if (head.Length > 4 && head[0] == 0x1A && head[1] == 0x45 && head[2] == 0xDF && head[3] == 0xA3) return Matroska(head, declared, essence);
        if (At(head, 4, "ftyp"u8)) return Mpeg4(head, declared, essence);
        if (head.StartsWith("ID3"u8) || IsMp3Frame(head)) return "audio/mpeg";
        return Markup(head, declared, essence);
    }

    private static bool IsPng(ReadOnlySpan<byte> head) => head.Length >= 8 && head[0] == 0x89 && At(head, 1, "PNG\r\n"u8) && head[6] == 0x1A && head[7] == (byte)'\n';

    private static string Matroska(ReadOnlySpan<byte> head, string declared, string essence) =>
        head.IndexOf("webm"u8) < 0 ? "video/x-matroska" : essence == "audio/webm" ? declared : "video/webm";

    private static string Mpeg4(ReadOnlySpan<byte> head, string declared, string essence)
    {
        if (At(head, 8, "avif"u8) || At(head, 8, "avis"u8)) return "image/avif";
        if (At(head, 8, "heic"u8) || At(head, 8, "heix"u8) || At(head, 8, "mif1"u8)) return "image/heic";
        if (At(head, 8, "qt  "u8)) return "video/quicktime";
        return essence is "audio/mp4" or "video/mp4" ? declared : At(head, 8, "M4A "u8) ? "audio/mp4" : "video/mp4";
    }

    // Layer III with a bit rate and a sample rate that exist.
    private static bool IsMp3Frame(ReadOnlySpan<byte> head) =>
        head.Length > 3 && head[0] == 0xFF && (head[1] & 0xE6) == 0xE2 && (head[1] & 0x18) != 0x08 && head[2] >> 4 is > 0 and < 15 && (head[2] & 0x0C) != 0x0C;

    private static string Markup(ReadOnlySpan<byte> head, string declared, string essence)
    {
        var text = Decode(head).TrimStart('\uFEFF', ' ', '\t', '\r', '\n', '\f');
        if (text.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase))
        {
            if (text.Contains("<svg", StringComparison.OrdinalIgnoreCase)) return Svg;
            return essence.EndsWith("+xml", StringComparison.Ordinal) || essence.EndsWith("/xml", StringComparison.Ordinal) ? declared : Xml;
        }

        while (text.StartsWith("<!--", StringComparison.Ordinal))
        {
            var end = text.IndexOf("-->", StringComparison.Ordinal);
            if (end < 0) break;
            text = text[(end + 3)..].TrimStart();
        }

        if (text.StartsWith("<svg", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<!doctype svg", StringComparison.OrdinalIgnoreCase)) return Svg;
        return HtmlBegins.Any(begin => text.StartsWith(begin, StringComparison.OrdinalIgnoreCase)) ? Html : declared;
    }

    // Browsers read UTF-16, too, where a mark of byte order says so.
    private static string Decode(ReadOnlySpan<byte> head) => head switch
    {
        [0xFF, 0xFE, ..] => Encoding.Unicode.GetString(head),
        [0xFE, 0xFF, ..] => Encoding.BigEndianUnicode.GetString(head),
        _ => Encoding.UTF8.GetString(head),
    };

    private static string Essence(string type) => type.Split(';')[0].Trim().ToLowerInvariant();

    private static bool At(ReadOnlySpan<byte> head, int place, ReadOnlySpan<byte> bytes) => head.Length >= place + bytes.Length && head.Slice(place, bytes.Length).SequenceEqual(bytes);

    private static bool IsPair(string text, char separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at > 0 && at < text.Length - 1 && IsToken(text.AsSpan(0, at)) && IsToken(text.AsSpan(at + 1));
    }

    private static bool IsToken(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(Token);
}
