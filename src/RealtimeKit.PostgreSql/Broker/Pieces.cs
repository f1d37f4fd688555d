using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace RealtimeKit.PostgreSql.Broker;

/// <summary>
/// Publications as payloads of NOTIFY. PostgreSQL takes less than 8,000 bytes of text each, and delivers what one transaction sends
/// together and in order: so one transaction carries many publications, as bytes that are cut into pieces.
/// </summary>
/// <remarks>
/// A piece is text: a character for this format, the sending node (16 hexadecimal digits), its number in the transaction (8), <c>+</c> or,
/// on the last, <c>.</c>, and the bytes in Base64. The numbers keep PostgreSQL from joining equal pieces into one. A publication is the
/// length of its channel's name (2 bytes, little-endian), the name in UTF-8, the length of the payload (4) and the payload.
/// </remarks>
internal static class Pieces
{
    /// <summary>How many bytes a piece holds: as many as fit into a payload.</summary>
    public const int Size = (7_999 - Header) / 4 * 3;

    private const int Header = 1 + 16 + 8 + 1;
    private const char Format = '1';

    /// <summary>How many bytes a publication takes.</summary>
    public static int SizeOf(in QueuedNotice publication) =>
        sizeof(ushort) + Encoding.UTF8.GetByteCount(publication.Channel) + sizeof(int) + publication.Payload.Length;

    /// <summary>Cuts publications into the payloads of one transaction.</summary>
    public static string[] Cut(ulong node, IReadOnlyList<QueuedNotice> publications)
    {
        var bytes = new byte[publications.Sum(static publication => SizeOf(publication))];
        var rest = bytes.AsSpan();
        foreach (var publication in publications)
        {
            var name = Encoding.UTF8.GetBytes(publication.Channel, rest[sizeof(ushort)..]);
            BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)name);
            rest = rest[(sizeof(ushort) + name)..];
            BinaryPrimitives.WriteInt32LittleEndian(rest, publication.Payload.Length);
            publication.Payload.CopyTo(rest[sizeof(int)..]);
            rest = rest[(sizeof(int) + publication.Payload.Length)..];
        }

        var pieces = new string[Math.Max(1, (bytes.Length + Size - 1) / Size)];
        for (var number = 0; number < pieces.Length; number++)
        {
            var piece = bytes.AsSpan(number * Size, Math.Min(Size, bytes.Length - (number * Size)));
            var more = number < pieces.Length - 1 ? '+' : '.';
            pieces[number] = string.Create(CultureInfo.InvariantCulture, $"{Format}{node:x16}{number:x8}{more}{Convert.ToBase64String(piece)}");
        }

        return pieces;
    }

    /// <summary>Reads a piece; false for a text that is none, as of a newer version.</summary>
    public static bool TryRead(string text, out ulong node, out int number, out bool isLast, out byte[] bytes)
    {
        (node, number, isLast, bytes) = (0, 0, false, []);
        if (text.Length < Header || text[0] != Format
            || !ulong.TryParse(text.AsSpan(1, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out node)
            || !int.TryParse(text.AsSpan(17, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)) return false;
        isLast = text[Header - 1] == '.';
        var buffer = new byte[(text.Length - Header) / 4 * 3];
        if (!Convert.TryFromBase64Chars(text.AsSpan(Header), buffer, out var length)) return false;
        bytes = length == buffer.Length ? buffer : buffer[..length];
        return true;
    }

    /// <summary>Takes the next publication from the bytes of a transaction; false at their end, or where they are none.</summary>
    public static bool TryTake(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> payload)
    {
        name = default;
        payload = default;
        if (bytes.Length < sizeof(ushort)) return false;
        var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        var rest = bytes[sizeof(ushort)..];
        if (rest.Length < nameLength + sizeof(int)) return false;
        name = rest[..nameLength];
        var length = BinaryPrimitives.ReadInt32LittleEndian(rest[nameLength..]);
        rest = rest[(nameLength + sizeof(int))..];
        if (length < 0 || rest.Length < length) return false;
        payload = rest[..length];
        bytes = rest[length..];
        return true;
    }
}
