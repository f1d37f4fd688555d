using RealtimeKit.Benchmarks.Sockets;

namespace RealtimeKit.Benchmarks.Wires;

/// <summary>
/// The client protocol of NATS over its WebSocket listener. In verbose mode the server answers each <c>PUB</c> with <c>+OK</c>, which
/// says that it has read it, not that anybody has it.
/// </summary>
internal sealed class NatsWire(ILoadEvents events) : Wire(events)
{
    // A message of the server's may end amid a line of the protocol.
    private readonly Dictionary<int, byte[]> _rests = [];
    private readonly HashSet<int> _subscribed = [];

    public override string Path => "/";

    public override void Open(Peer peer, FrameBuffer output)
    {
        output.Begin(FrameReader.Binary);
        output.Write("CONNECT {\"verbose\":true,\"pedantic\":false,\"lang\":\"load\",\"version\":\"1\",\"protocol\":1}\r\nSUB "u8);
        output.Write(peer.ChannelUtf8);
        output.Write(" 1\r\nPING\r\n"u8);
        output.End();
    }

    public override void Publish(Peer peer, int request, int publisher, int counter, FrameBuffer output)
    {
        output.Begin(FrameReader.Binary);
        output.Write("PUB "u8);
        output.Write(peer.ChannelUtf8);
        output.Write(" 128\r\n"u8);
        WritePayload(publisher, counter, output.Reserve(PayloadSize));
        output.Write("\r\n"u8);
        output.End();
    }

    public override void Receive(Peer peer, ReadOnlySpan<byte> message, FrameBuffer output)
    {
        if (_rests.Remove(peer.Index, out var rest)) message = (byte[])[.. rest, .. message];
        while (message.Length > 0)
        {
            var end = message.IndexOf("\r\n"u8);
            if (end < 0) break;
            var line = message[..end];
            var used = end + 2;
            if (line.StartsWith("MSG "u8))
            {
                if (message.Length < used + PayloadSize + 2) break;
                Deliver(peer, message.Slice(used, PayloadSize));
                used += PayloadSize + 2;
            }
            else
            {
                Handle(peer, line, output);
            }

            message = message[used..];
        }

        if (message.Length > 0) _rests[peer.Index] = message.ToArray();
    }

    private void Handle(Peer peer, ReadOnlySpan<byte> line, FrameBuffer output)
    {
        if (line.StartsWith("+OK"u8))
        {
            // Those before the subscription's pong answer the opening.
            if (_subscribed.Contains(peer.Index)) Events.Acknowledged(peer, peer.Acknowledged + 1);
        }
        else if (line.StartsWith("PONG"u8))
        {
            if (_subscribed.Add(peer.Index)) Events.Subscribed(peer);
        }
        else if (line.StartsWith("PING"u8))
        {
            output.Begin(FrameReader.Binary);
            output.Write("PONG\r\n"u8);
            output.End();
        }
        else if (!line.StartsWith("INFO "u8))
        {
            throw new InvalidOperationException("An unexpected line: " + System.Text.Encoding.UTF8.GetString(line));
        }
    }
}
