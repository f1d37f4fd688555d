using RealtimeKit.Benchmarks.Sockets;

namespace RealtimeKit.Benchmarks.Wires;

/// <summary>The hub protocol of SignalR in MessagePack: each message an array behind its length as a varint.</summary>
internal sealed class SignalRMessagePackWire(ILoadEvents events) : Wire(events)
{
    private const int JoinRequest = 1_000_000_000;

    public override string Path => "/hub";

    public override void Open(Peer peer, FrameBuffer output)
    {
        output.Begin(FrameReader.Binary);
        output.Write("{\"protocol\":\"messagepack\",\"version\":1}\u001e"u8);
        output.End();
        var at = BeginInvocation(JoinRequest, "Join"u8, 1, output);
        WriteString(peer.ChannelUtf8, output);
        EndInvocation(at, output);
    }

    public override void Publish(Peer peer, int request, int publisher, int counter, FrameBuffer output)
    {
        var at = BeginInvocation(request, "Send"u8, 2, output);
        WriteString(peer.ChannelUtf8, output);
        output.Write([0xd9, PayloadSize]);
        WritePayload(publisher, counter, output.Reserve(PayloadSize));
        EndInvocation(at, output);
    }

    public override bool KeepAlive(FrameBuffer output)
    {
        output.Begin(FrameReader.Binary);
        output.Write([2, 0x91, 6]);
        output.End();
        return true;
    }

    public override void Receive(Peer peer, ReadOnlySpan<byte> message, FrameBuffer output)
    {
        if (message is [(byte)'{', ..])
        {
            if (!message.StartsWith("{}\u001e"u8))
                throw new InvalidOperationException("The handshake failed.");
            message = message[3..];
        }

        while (message.Length > 0)
        {
            int length = 0, size = 0;
            byte part;
            do
            {
                part = message[size];
                length |= (part & 0x7f) << (7 * size++);
            }
            while (part >= 0x80);
            Handle(peer, message.Slice(size, length));
            message = message[(size + length)..];
        }
    }

    private void Handle(Peer peer, ReadOnlySpan<byte> item)
    {
        switch (item[1])
        {
            // [1, {}, nil, "m", ["..."], []]
            case 1 when item[2..9].SequenceEqual((ReadOnlySpan<byte>)[0x80, 0xc0, 0xa1, (byte)'m', 0x91, 0xd9, PayloadSize]):
                Deliver(peer, item.Slice(9, PayloadSize));
                break;

            // [3, {}, "id", 2]
            case 3 when item[2] == 0x80:
                var id = item.Slice(4, item[3] & 0x1f);
                if (item[4 + id.Length] == 1)
                    throw new InvalidOperationException("An invocation failed.");
                var request = (int)Number(id);
                if (request == JoinRequest)
                    Events.Subscribed(peer);
                else
                    Events.Acknowledged(peer, request);
                break;

            case 6:
                break;

            default:
                throw new InvalidOperationException($"An unexpected message of type {item[1]}: {Convert.ToHexString(item)}");
        }
    }

    private static int BeginInvocation(int request, ReadOnlySpan<byte> target, byte arguments, FrameBuffer output)
    {
        output.Begin(FrameReader.Binary);
        var at = output.Position;
        output.Reserve(2);
        output.Write([0x96, 1, 0x80]);
        var id = output.Position;
        output.Write((byte)0);
        output.WriteNumber(request);
        output.From(id)[0] = (byte)(0xa0 | (output.Position - id - 1));
        WriteString(target, output);
        output.Write((byte)(0x90 | arguments));
        return at;
    }

    /// <summary>Two bytes of length serve any message below 16 KiB: a varint may be longer than it must.</summary>
    private static void EndInvocation(int at, FrameBuffer output)
    {
        output.Write((byte)0x90);
        var message = output.From(at);
        var length = message.Length - 2;
        (message[0], message[1]) = ((byte)(0x80 | (length & 0x7f)), (byte)(length >> 7));
        output.End();
    }

    private static void WriteString(ReadOnlySpan<byte> text, FrameBuffer output)
    {
        if (text.Length > 31)
            throw new ArgumentException("Short strings only.", nameof(text));
        output.Write((byte)(0xa0 | text.Length));
        output.Write(text);
    }
}
