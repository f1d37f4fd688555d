using System.Text;
using RealtimeKit.Benchmarks.Sockets;

namespace RealtimeKit.Benchmarks.Wires;

/// <summary>The hub protocol of SignalR in JSON: each message an object in front of the separator 0x1e.</summary>
internal sealed class SignalRJsonWire(ILoadEvents events) : Wire(events)
{
    private const byte Separator = 0x1e;
    private const int JoinRequest = 1_000_000_000;

    public override string Path => "/hub";

    public override void Open(Peer peer, FrameBuffer output)
    {
        output.Begin(FrameReader.Text);
        output.Write("{\"protocol\":\"json\",\"version\":1}\u001e"u8);
        output.End();
        output.Begin(FrameReader.Text);
        output.Write("{\"type\":1,\"invocationId\":\""u8);
        output.WriteNumber(JoinRequest);
        output.Write("\",\"target\":\"Join\",\"arguments\":[\""u8);
        output.Write(peer.ChannelUtf8);
        output.Write("\"]}\u001e"u8);
        output.End();
    }

    public override void Publish(Peer peer, int request, int publisher, int counter, FrameBuffer output)
    {
        output.Begin(FrameReader.Text);
        output.Write("{\"type\":1,\"invocationId\":\""u8);
        output.WriteNumber(request);
        output.Write("\",\"target\":\"Send\",\"arguments\":[\""u8);
        output.Write(peer.ChannelUtf8);
        output.Write("\",\""u8);
        WritePayload(publisher, counter, output.Reserve(PayloadSize));
        output.Write("\"]}\u001e"u8);
        output.End();
    }

    public override bool KeepAlive(FrameBuffer output)
    {
        output.Begin(FrameReader.Text);
        output.Write("{\"type\":6}\u001e"u8);
        output.End();
        return true;
    }

    public override void Receive(Peer peer, ReadOnlySpan<byte> message, FrameBuffer output)
    {
        while (message.Length > 0)
        {
            var end = message.IndexOf(Separator);
            Handle(peer, message[..end]);
            message = message[(end + 1)..];
        }
    }

    private void Handle(Peer peer, ReadOnlySpan<byte> item)
    {
        var delivery = "{\"type\":1,\"target\":\"m\",\"arguments\":[\""u8;
        var completion = "{\"type\":3,\"invocationId\":\""u8;
        if (item.StartsWith(delivery))
        {
            Deliver(peer, item.Slice(delivery.Length, PayloadSize));
        }
        else if (item.StartsWith(completion) && item.IndexOf("\"error\""u8) < 0)
        {
            var request = (int)Number(item[completion.Length..]);
            if (request == JoinRequest)
                Events.Subscribed(peer);
            else
                Events.Acknowledged(peer, request);
        }
        else if (!item.SequenceEqual("{}"u8) && !item.SequenceEqual("{\"type\":6}"u8))
        {
            throw new InvalidOperationException("An unexpected message: " + Encoding.UTF8.GetString(item));
        }
    }
}
