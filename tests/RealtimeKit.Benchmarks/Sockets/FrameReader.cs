using System.Buffers.Binary;

namespace RealtimeKit.Benchmarks.Sockets;

/// <summary>One frame at the start of the bytes that a server sent: its kind, where its payload lies, where it ends.</summary>
internal readonly ref struct FrameReader
{
    public const byte Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10;

    public byte Opcode { get; private init; }

    public bool IsFinal { get; private init; }

    public ReadOnlySpan<byte> Payload { get; private init; }

    public int Size { get; private init; }

    /// <summary>False while the frame is incomplete.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out FrameReader frame)
    {
        frame = default;
        if (bytes.Length < 2)
            return false;
        long length = bytes[1] & 0x7f;
        var header = 2;
        if (length == 126)
        {
            if (bytes.Length < 4)
                return false;
            length = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
            header = 4;
        }
        else if (length == 127)
        {
            if (bytes.Length < 10)
                return false;
            length = BinaryPrimitives.ReadInt64BigEndian(bytes[2..]);
            header = 10;
        }

        if (bytes.Length - header < length)
            return false;
        frame = new FrameReader
        {
            Opcode = (byte)(bytes[0] & 0x0f),
            IsFinal = (bytes[0] & 0x80) != 0,
            Payload = bytes.Slice(header, (int)length),
            Size = header + (int)length,
        };
        return true;
    }
}
