using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using RealtimeKit.Protocol;

namespace RealtimeKit.Delivery;

/// <summary>The kinds of notices between nodes.</summary>
internal enum BrokerNotice : byte
{
    /// <summary>A committed change: its version, in place of a user the channel's epoch, and the encoded event.</summary>
    Event = 1,

    /// <summary>A signal to all subscribers, encoded.</summary>
    Signal = 2,

    /// <summary>A signal to the user's own connections, encoded.</summary>
    OwnSignal = 3,

    /// <summary>To all nodes: the rights of a user (or, where empty, of everybody) in a channel changed. Its number; channel and reason.</summary>
    Access = 4,

    /// <summary>The channel has reached a version, in place of a user its epoch: events may have been lost on the way.</summary>
    Head = 5,

    /// <summary>To those who serve the channel: users of the sending node came, went, fell idle or woke.</summary>
    Presence = 6,

    /// <summary>To all nodes: the sender is up. The number of its latest change of access, and a digest of who is in which channel.</summary>
    Heartbeat = 7,

    /// <summary>To one node or all: who is in these channels?</summary>
    PresenceAsk = 8,

    /// <summary>To the node that asked: who is in these channels.</summary>
    PresenceState = 9,

    /// <summary>To all nodes: the sender stops.</summary>
    Leave = 10,

    /// <summary>To all nodes: a question about a user, or an order. Its number.</summary>
    Call = 11,

    /// <summary>To the node that asked.</summary>
    Answer = 12,

    /// <summary>A row of an inbox changed by something that is no event: to those who serve the channel with the user, or to all nodes with channel and users.</summary>
    Row = 14,

    /// <summary>To all nodes: the host says that these users changed.</summary>
    Users = 13,
}

/// <summary>The bytes of a notice: its kind, the sending node, a version, a user, the trace it is part of if any, and a body.</summary>
internal static class BrokerPayload
{
    private const int Header = 1 + 16 + 8 + 1;
    private const int TraceLength = 16 + 8 + 1;
    private const byte HasTrace = 0x80;

    public static void Write(FrameBuffer output, BrokerNotice notice, Guid node, long version, string user, ReadOnlySpan<byte> body, ActivityContext trace = default)
    {
        var head = output.GetSpan(Header + ProtocolConstants.MaxIdentifierLength + TraceLength);
        head[0] = (byte)notice;
        node.TryWriteBytes(head[1..]);
        BinaryPrimitives.WriteInt64LittleEndian(head[17..], version);
        var length = Encoding.UTF8.GetBytes(user, head[Header..]);
        head[25] = (byte)length;
        length += Header;
        if (trace != default)
        {
            head[0] |= HasTrace;
            trace.TraceId.CopyTo(head.Slice(length, 16));
            trace.SpanId.CopyTo(head.Slice(length + 16, 8));
            head[length + 24] = (byte)trace.TraceFlags;
            length += TraceLength;
        }

        output.Advance(length);
        output.Append(body);
    }

    /// <summary>Reads a notice; false for bytes that are none, as of a newer version.</summary>
    public static bool TryRead(
        ReadOnlySpan<byte> payload, out BrokerNotice notice, out Guid node, out long version, out string user, out ActivityContext trace,
        out ReadOnlySpan<byte> body)
    {
        notice = default;
        node = default;
        version = 0;
        user = "";
        trace = default;
        body = default;
        if (payload.Length < Header) return false;
        var length = Header + payload[25];
        var isTraced = (payload[0] & HasTrace) != 0;
        if (payload.Length < length + (isTraced ? TraceLength : 0)) return false;
        notice = (BrokerNotice)(payload[0] & ~HasTrace);
        node = new Guid(payload.Slice(1, 16));
        version = BinaryPrimitives.ReadInt64LittleEndian(payload[17..]);
        user = Encoding.UTF8.GetString(payload.Slice(Header, payload[25]));
        if (isTraced)
        {
            trace = new ActivityContext(
                ActivityTraceId.CreateFromBytes(payload.Slice(length, 16)), ActivitySpanId.CreateFromBytes(payload.Slice(length + 16, 8)),
                (ActivityTraceFlags)payload[length + 24], isRemote: true);
            length += TraceLength;
        }

        body = payload[length..];
        return notice is >= BrokerNotice.Event and <= BrokerNotice.Row;
    }
}
