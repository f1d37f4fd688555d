using System.Buffers.Binary;
using System.Text;

namespace RealtimeKit.RabbitMQ.Routing;

/// <summary>
/// A message's body: a byte that names this format, the node that published it (8 bytes), the length of the channel's name
/// (2 bytes, little-endian), the name in UTF-8, and the payload. Cheaper to write and to read than headers of AMQP.
/// </summary>
internal static class Envelope
{
    private const byte Format = 1;
    private const int Fixed = 1 + sizeof(ulong) + sizeof(ushort);

    public static int MaxLength(string channel, int payload) => checked(Fixed + Encoding.UTF8.GetMaxByteCount(channel.Length) + payload);

    /// <summary>Writes an envelope; gives its length and the name's bytes in it.</summary>
    /// <exception cref="ArgumentException">The name is longer than 65,535 bytes.</exception>
    public static int Write(Span<byte> output, ulong node, string channel, ReadOnlySpan<byte> payload, out ReadOnlySpan<byte> name)
    {
        output[0] = Format;
        BinaryPrimitives.WriteUInt64LittleEndian(output[1..], node);
        var length = Encoding.UTF8.GetBytes(channel, output[Fixed..]);
        if (length > ushort.MaxValue) throw new ArgumentException("The channel's name is longer than 65,535 bytes.", nameof(channel));
        BinaryPrimitives.WriteUInt16LittleEndian(output[(1 + sizeof(ulong))..], (ushort)length);
        payload.CopyTo(output[(Fixed + length)..]);
        name = output.Slice(Fixed, length);
        return Fixed + length + payload.Length;
    }

    /// <summary>Reads an envelope; false for bytes that are none, as of a newer version.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out ulong node, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> payload)
    {
        node = 0;
        name = default;
        payload = default;
        if (body.Length < Fixed || body[0] != Format) return false;
        node = BinaryPrimitives.ReadUInt64LittleEndian(body[1..]);
        var length = BinaryPrimitives.ReadUInt16LittleEndian(body[(1 + sizeof(ulong))..]);
        if (body.Length < Fixed + length) return false;
        name = body.Slice(Fixed, length);
        payload = body[(Fixed + length)..];
        return true;
    }
}
