using System.Text;
using System.Text.Json;
using RealtimeKit.Benchmarks.Sockets;

namespace RealtimeKit.Benchmarks.Wires;

/// <summary>
/// The protocol of RealtimeKit: frames of JSON joined by line ends. Events are picked apart by searching for their keys,
/// for a parser would make the client dearer than the server.
/// </summary>
internal sealed class RealtimeKitWire(ILoadEvents events, bool subscribe = true) : Wire(events)
{
    private const int SubscribeRequest = 1_000_000_000;
    private const int KeepAliveRequest = SubscribeRequest + 1;

    private readonly long _run = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
    private long _messages;

    public override string Path => "/realtime";

    public override string Subprotocol => "realtimekit.v1.json";

    public override void Open(Peer peer, FrameBuffer output)
    {
        output.Begin(FrameReader.Text);
        output.Write("{\"type\":\"connect\",\"id\":"u8);
        output.WriteNumber(SubscribeRequest - 1);
        output.Write(",\"token\":\"u"u8);
        output.WriteNumber(peer.Index);
        output.Write("\"}"u8);
        output.End();
        if (!subscribe)
            return;
        output.Begin(FrameReader.Text);
        output.Write("{\"type\":\"subscribe\",\"id\":"u8);
        output.WriteNumber(SubscribeRequest);
        output.Write(",\"channel\":\""u8);
        output.Write(peer.ChannelUtf8);
        output.Write("\"}"u8);
        output.End();
    }

    public override void Publish(Peer peer, int request, int publisher, int counter, FrameBuffer output)
    {
        output.Begin(FrameReader.Text);
        output.Write("{\"type\":\"publish\",\"id\":"u8);
        output.WriteNumber(request);
        output.Write(",\"channel\":\""u8);
        output.Write(peer.ChannelUtf8);
        output.Write("\",\"message\":{\"id\":\""u8);
        WriteId(output.Reserve(36));
        output.Write("\",\"text\":\""u8);
        WritePayload(publisher, counter, output.Reserve(PayloadSize));
        output.Write("\"}}"u8);
        output.End();
    }

    public override bool KeepAlive(FrameBuffer output)
    {
        // Whoever gets events all the time is not pinged, but is to be heard all the same.
        output.Begin(FrameReader.Text);
        output.Write("{\"type\":\"ping\",\"id\":"u8);
        output.WriteNumber(KeepAliveRequest);
        output.Write("}"u8);
        output.End();
        return true;
    }

    public override void Receive(Peer peer, ReadOnlySpan<byte> message, FrameBuffer output)
    {
        while (message.Length > 0)
        {
            var end = message.IndexOf((byte)'\n');
            var frame = end < 0 ? message : message[..end];
            message = end < 0 ? default : message[(end + 1)..];
            if (frame.Length > 0)
                Handle(peer, frame, output);
        }
    }

    private void Handle(Peer peer, ReadOnlySpan<byte> frame, FrameBuffer output)
    {
        var type = After(frame, "\"type\":\""u8);
        if (type.StartsWith("event\""u8))
        {
            Advance(peer, Number(After(frame, "\"version\":"u8)));
            Deliver(peer, After(frame, "\"text\":\""u8)[..PayloadSize]);
        }
        else if (type.StartsWith("published\""u8))
        {
            Events.Acknowledged(peer, (int)Number(After(frame, "\"id\":"u8)));
        }
        else if (type.StartsWith("subscribed\""u8))
        {
            peer.Version = Number(After(frame, "\"version\":"u8));
            Events.Subscribed(peer);
        }
        else if (type.StartsWith("changes\""u8))
        {
            CatchUp(peer, frame);
        }
        else if (type.StartsWith("ping\""u8))
        {
            output.Begin(FrameReader.Text);
            output.Write("{\"type\":\"pong\"}"u8);
            output.End();
        }
        else if (type.StartsWith("connected\""u8))
        {
            if (!subscribe)
                Events.Subscribed(peer);
        }
        else if (!type.StartsWith("signal\""u8) && !type.StartsWith("ok\""u8))
        {
            throw new InvalidOperationException("An unexpected frame: " + Encoding.UTF8.GetString(frame));
        }
    }

    private void CatchUp(Peer peer, ReadOnlySpan<byte> frame)
    {
        CaughtUp++;
        var reader = new Utf8JsonReader(frame);
        using var document = JsonDocument.ParseValue(ref reader);
        foreach (var item in document.RootElement.GetProperty("messages").EnumerateArray())
        {
            Advance(peer, item.GetProperty("version").GetInt64());
            Deliver(peer, Encoding.UTF8.GetBytes(item.GetProperty("text").GetString()!));
        }

        if (document.RootElement.GetProperty("version").GetInt64() != peer.Version)
            throw new InvalidOperationException("The cursor of a changes frame is not its last message's version.");
    }

    private static void Advance(Peer peer, long version)
    {
        if (version != peer.Version + 1)
            throw new InvalidOperationException($"Client {peer.Index}: version {version} after {peer.Version}.");
        peer.Version = version;
    }

    private static ReadOnlySpan<byte> After(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> key)
    {
        var at = frame.IndexOf(key);
        return at < 0
            ? throw new InvalidOperationException("A frame without what it needs: " + Encoding.UTF8.GetString(frame))
            : frame[(at + key.Length)..];
    }

    /// <summary>A UUID of version 7: the time of the run, then a count.</summary>
    private void WriteId(Span<byte> into)
    {
        "00000000-0000-7000-8000-000000000000"u8.CopyTo(into);
        var time = _run + (_messages / 16);
        Hex(time >> 16, into[..8]);
        Hex(time & 0xffff, into.Slice(9, 4));
        Hex(_messages++, into[24..]);
    }

    private static void Hex(long value, Span<byte> into)
    {
        for (var i = into.Length - 1; i >= 0; i--, value >>= 4)
            into[i] = "0123456789abcdef"u8[(int)(value & 15)];
    }
}
