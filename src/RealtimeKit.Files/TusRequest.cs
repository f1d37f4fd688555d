using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace RealtimeKit.Files;

/// <summary>Reads the headers of tus.</summary>
internal static class TusRequest
{
    private const int LongestMetadata = 8_192;

    /// <summary>A number of bytes; <see langword="null"/> where the header is absent or none.</summary>
    public static long? ReadNumber(HttpRequest request, string header) =>
        long.TryParse(request.Headers[header].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>The values of <c>Upload-Metadata</c>; <see langword="null"/> where it has not its form.</summary>
    public static Dictionary<string, string>? ReadMetadata(HttpRequest request)
    {
        var header = request.Headers[TusEndpoint.Metadata].ToString();
        if (header.Length > LongestMetadata) return null;
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in header.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split(' ');
            if (parts.Length > 2 || Decode(parts.Length == 2 ? parts[1] : "") is not { } value || !values.TryAdd(parts[0], value)) return null;
        }

        return values;
    }

    /// <summary>Writes the header <c>Upload-Metadata</c>.</summary>
    public static string WriteMetadata(params ReadOnlySpan<(string Key, string Value)> values)
    {
        var header = new StringBuilder();
        foreach (var (key, value) in values)
            header.Append(header.Length == 0 ? "" : ",").Append(key).Append(' ').Append(Convert.ToBase64String(Encoding.UTF8.GetBytes(value)));
        return header.ToString();
    }

    /// <summary>The checksum that a request has; an empty one where it has none, <see langword="null"/> where it is not one by SHA-1.</summary>
    public static byte[]? ReadChecksum(HttpRequest request)
    {
        var header = request.Headers[TusEndpoint.Checksum].ToString();
        if (header.Length == 0) return [];
        var parts = header.Split(' ');
        const int sha1Bytes = 20;
        var hash = new byte[sha1Bytes + 1];
        return parts.Length == 2 && parts[0] == "sha1" && Convert.TryFromBase64String(parts[1], hash, out var length) && length == sha1Bytes ? hash[..sha1Bytes] : null;
    }

    private static string? Decode(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length) : null;
    }
}
