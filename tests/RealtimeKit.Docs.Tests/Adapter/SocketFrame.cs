using System.Buffers.Binary;
using System.Text;

namespace RealtimeKit.Docs.Adapter;

/// <summary>What a node and the relay may say to each other.</summary>
internal enum FrameKind : byte
{
    /// <summary>A node wants a channel. Answered.</summary>
    Subscribe = 1,

    /// <summary>A node wants a channel no more. Answered.</summary>
    Unsubscribe = 2,

    /// <summary>Something published to a channel, to the relay or from it. Answered by the relay.</summary>
    Publish = 3,

    /// <summary>The relay's answer: the oldest unanswered frame of this node is done.</summary>
    Done = 4,
}

/// <summary>One frame: its length, its kind, the length of the channel's name, the name, the payload.</summary>
internal readonly record struct SocketFrame(FrameKind Kind, string Channel, ReadOnlyMemory<byte> Payload)
{
    private const int LengthBytes = sizeof(int);
    private const int HeaderBytes = 1 + sizeof(ushort);
    private const int MostBytes = 4 << 20;

    public static byte[] Encode(FrameKind kind, string channel, ReadOnlySpan<byte> payload)
    {
        var name = Encoding.UTF8.GetBytes(channel);
        var frame = new byte[LengthBytes + HeaderBytes + name.Length + payload.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, frame.Length - LengthBytes);
        frame[LengthBytes] = (byte)kind;
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(LengthBytes + 1), checked((ushort)name.Length));
        name.CopyTo(frame, LengthBytes + HeaderBytes);
        payload.CopyTo(frame.AsSpan(LengthBytes + HeaderBytes + name.Length));
        return frame;
    }

    /// <summary>Reads the next frame.</summary>
    /// <exception cref="IOException">The connection has ended, or what came is no frame.</exception>
    public static async ValueTask<SocketFrame> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var head = new byte[LengthBytes];
        await stream.ReadExactlyAsync(head, cancellationToken);
        var length = BinaryPrimitives.ReadInt32LittleEndian(head);
        if (length is < HeaderBytes or > MostBytes) throw new IOException($"A frame of {length} bytes came.");
        var frame = new byte[length];
        await stream.ReadExactlyAsync(frame, cancellationToken);
        var name = BinaryPrimitives.ReadUInt16LittleEndian(frame.AsSpan(1));
        if (HeaderBytes + name > length) throw new IOException("A frame ends within its channel's name.");
        return new SocketFrame((FrameKind)frame[0], Encoding.UTF8.GetString(frame, HeaderBytes, name), frame.AsMemory(HeaderBytes + name));
    }
}
