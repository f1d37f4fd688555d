using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using RealtimeKit.Benchmarks.Wires;

namespace RealtimeKit.Benchmarks.Sockets;

/// <summary>
/// One client: a socket, its upgrade to a WebSocket, and its whole messages handed to the wire that understands them. It
/// holds memory of its own only while a frame is incomplete.
/// </summary>
internal sealed class Peer(EventLoop loop, Wire wire, int index, string channel, int publishers) : IDisposable
{
    private const int ReadSize = 256 * 1024;

    private readonly int[] _counters = new int[publishers];
    private byte[]? _rest;
    private int _restLength;
    private ArrayBufferWriter<byte>? _fragments;
    private byte[]? _unsent;
    private int _fd;
    private bool _upgraded;
    private bool _connected;

    public int Index => index;

    public string Channel => channel;

    public byte[] ChannelUtf8 { get; } = Encoding.UTF8.GetBytes(channel);

    /// <summary>The version of the last event, where the wire numbers them; -1 before the subscription.</summary>
    public long Version { get; set; } = -1;

    public bool IsUpgraded => _upgraded;

    public int Sent { get; set; }

    public int Acknowledged { get; set; }

    /// <summary>How many of its own messages have come back to it.</summary>
    public int Returned { get; set; }

    public void Connect(int port)
    {
        _fd = Native.Connect(port, (byte)(2 + (index / 4000)));
        loop.Add(this, _fd);
    }

    /// <summary>Takes nothing any more of what the server sends.</summary>
    public void StopReading() => loop.Watch(this, _fd, 0);

    /// <summary>Messages of one publisher must come in the order in which it sent them, each once.</summary>
    public void Check(int publisher, int counter)
    {
        if (_counters[publisher] + 1 != counter)
            throw new InvalidOperationException($"Client {index}: message {counter} of publisher {publisher} after {_counters[publisher]}.");
        _counters[publisher] = counter;
    }

    public void OnWritable()
    {
        if (!_connected)
        {
            _connected = true;
            loop.Watch(this, _fd, Native.Readable);
            Write(Encoding.ASCII.GetBytes(
                $"GET {wire.Path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
                (wire.Subprotocol is { } name ? $"Sec-WebSocket-Protocol: {name}\r\n\r\n" : "\r\n")));
            return;
        }

        var bytes = _unsent!;
        _unsent = null;
        loop.Watch(this, _fd, Native.Readable);
        Write(bytes);
    }

    public void OnReadable(byte[] scratch)
    {
        _rest.AsSpan(0, _restLength).CopyTo(scratch);
        var room = Math.Min(ReadSize, scratch.Length - _restLength);
        var count = Native.Receive(_fd, scratch.AsSpan(_restLength, room));
        if (count < 0)
            return;
        if (count == 0)
            throw new InvalidOperationException($"The server closed client {index}.");
        var bytes = scratch.AsSpan(0, _restLength + count);
        Keep(bytes[Consume(bytes)..]);
        Flush();
    }

    /// <summary>Writes what the wire has put into the loop's buffer.</summary>
    public void Flush()
    {
        if (loop.Out.IsEmpty)
            return;
        Write(loop.Out.Written);
        loop.Out.Clear();
    }

    /// <summary>Says good-bye as a client should, and does not wait for the answer.</summary>
    public void Dispose()
    {
        if (_upgraded && _unsent is null)
        {
            loop.Out.Begin(FrameReader.Close);
            loop.Out.Write([1000 >> 8, 1000 & 0xff]);
            loop.Out.End();
            Native.Send(_fd, loop.Out.Written);
            loop.Out.Clear();
        }

        Native.Close(_fd);
        Keep([]);
    }

    private int Consume(ReadOnlySpan<byte> bytes)
    {
        var used = 0;
        if (!_upgraded)
        {
            var end = bytes.IndexOf("\r\n\r\n"u8);
            if (end < 0)
                return 0;
            if (!bytes.StartsWith("HTTP/1.1 101"u8))
                throw new InvalidOperationException("Not upgraded: " + Encoding.UTF8.GetString(bytes));
            used = end + 4;
            _upgraded = true;
            wire.Open(this, loop.Out);
        }

        while (FrameReader.TryRead(bytes[used..], out var frame))
        {
            used += frame.Size;
            Handle(frame);
        }

        return used;
    }

    private void Handle(FrameReader frame)
    {
        if (frame.Opcode == FrameReader.Close)
        {
            var code = frame.Payload.Length < 2 ? 1005 : BinaryPrimitives.ReadUInt16BigEndian(frame.Payload);
            throw new InvalidOperationException($"The server closed client {index} with {code}.");
        }

        if (frame.Opcode == FrameReader.Ping)
        {
            loop.Out.Begin(FrameReader.Pong);
            loop.Out.Write(frame.Payload);
            loop.Out.End();
        }
        else if (frame.Opcode <= FrameReader.Binary)
        {
            HandleData(frame);
        }
    }

    private void HandleData(FrameReader frame)
    {
        if (frame.IsFinal && frame.Opcode != FrameReader.Continuation)
        {
            wire.Receive(this, frame.Payload, loop.Out);
            return;
        }

        _fragments ??= new ArrayBufferWriter<byte>();
        _fragments.Write(frame.Payload);
        if (!frame.IsFinal)
            return;
        wire.Receive(this, _fragments.WrittenSpan, loop.Out);
        _fragments.ResetWrittenCount();
    }

    private void Keep(ReadOnlySpan<byte> rest)
    {
        if (_rest is not null && (rest.Length == 0 || rest.Length > _rest.Length))
        {
            ArrayPool<byte>.Shared.Return(_rest);
            _rest = null;
        }

        if (rest.Length > 0)
            rest.CopyTo(_rest ??= ArrayPool<byte>.Shared.Rent(rest.Length));
        _restLength = rest.Length;
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        if (_unsent is not null)
        {
            _unsent = [.. _unsent, .. bytes];
            return;
        }

        while (bytes.Length > 0)
        {
            var count = Native.Send(_fd, bytes);
            if (count < 0)
            {
                _unsent = bytes.ToArray();
                loop.Watch(this, _fd, Native.Readable | Native.Writable);
                return;
            }

            bytes = bytes[count..];
        }
    }
}
