using System.Globalization;
using RealtimeKit.Benchmarks.Sockets;

namespace RealtimeKit.Benchmarks.Wires;

/// <summary>How one kind of server is spoken to: the frames of a client, written and read as cheaply as can be.</summary>
internal abstract class Wire(ILoadEvents events)
{
    /// <summary>A message's text: its publisher and number in front, filled up to 128 bytes.</summary>
    public const int PayloadSize = 128;

    protected ILoadEvents Events => events;

    public abstract string Path { get; }

    public virtual string? Subprotocol => null;

    /// <summary>How often the server sent a page that it had read for a reader, in place of events.</summary>
    public int CaughtUp { get; protected set; }

    /// <summary>Signs in and subscribes to the peer's channel.</summary>
    public abstract void Open(Peer peer, FrameBuffer output);

    public abstract void Publish(Peer peer, int request, int publisher, int counter, FrameBuffer output);

    /// <summary>Takes one whole WebSocket message.</summary>
    public abstract void Receive(Peer peer, ReadOnlySpan<byte> message, FrameBuffer output);

    /// <summary>What a client sends by itself from time to time; nothing, if the server asks.</summary>
    public virtual bool KeepAlive(FrameBuffer output) => false;

    protected static void WritePayload(int publisher, int counter, Span<byte> payload)
    {
        payload.Fill((byte)'x');
        publisher.TryFormat(payload, out _, "d4", CultureInfo.InvariantCulture);
        payload[4] = (byte)':';
        counter.TryFormat(payload[5..], out _, "d8", CultureInfo.InvariantCulture);
        payload[13] = (byte)':';
    }

    protected void Deliver(Peer peer, ReadOnlySpan<byte> payload)
    {
        if (payload.Length != PayloadSize)
            throw new InvalidOperationException($"A payload of {payload.Length} bytes.");
        var publisher = (int)Number(payload[..4]);
        var counter = (int)Number(payload[5..13]);
        peer.Check(publisher, counter);
        events.Delivered(peer, publisher, counter);
    }

    /// <summary>The digits at the start.</summary>
    protected static long Number(ReadOnlySpan<byte> digits)
    {
        long value = 0;
        foreach (var digit in digits)
        {
            if ((uint)(digit - '0') > 9)
                break;
            value = (value * 10) + digit - '0';
        }

        return value;
    }
}
