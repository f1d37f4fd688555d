using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.InteropServices;

namespace RealtimeKit.Benchmarks.Sockets;

/// <summary>Builds a client's WebSocket frames one behind another, masked, so that several leave in one write.</summary>
internal sealed class FrameBuffer
{
    private const int LongHeader = 8;
    private const uint Mask = 0x3d21fa37;

    private readonly byte[] _bytes = new byte[1 << 20];
    private int _start;
    private int _end;
    private byte _opcode;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _end);

    public bool IsEmpty => _end == 0;

    public void Clear() => _end = 0;

    public void Begin(byte opcode)
    {
        (_start, _opcode) = (_end, opcode);
        _end += LongHeader;
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes.AsSpan(_end));
        _end += bytes.Length;
    }

    public void Write(byte value) => _bytes[_end++] = value;

    public void WriteNumber(long value)
    {
        Utf8Formatter.TryFormat(value, _bytes.AsSpan(_end), out var written);
        _end += written;
    }

    /// <summary>The place of the next byte, to come back to.</summary>
    public int Position => _end;

    public Span<byte> From(int position) => _bytes.AsSpan(position, _end - position);

    public Span<byte> Reserve(int count)
    {
        _end += count;
        return _bytes.AsSpan(_end - count, count);
    }

    public void End()
    {
        var length = _end - _start - LongHeader;
        var payload = _bytes.AsSpan(_start + LongHeader, length);
        _bytes[_start] = (byte)(0x80 | _opcode);
        var header = length < 126 ? 6 : LongHeader;
        if (length < 126)
        {
            _bytes[_start + 1] = (byte)(0x80 | length);
            payload.CopyTo(_bytes.AsSpan(_start + header));
            payload = _bytes.AsSpan(_start + header, length);
            _end -= LongHeader - header;
        }
        else
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(length, ushort.MaxValue);
            _bytes[_start + 1] = 0x80 | 126;
            BinaryPrimitives.WriteUInt16BigEndian(_bytes.AsSpan(_start + 2), (ushort)length);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(_start + header - 4), Mask);
        var words = MemoryMarshal.Cast<byte, ulong>(payload);
        for (var i = 0; i < words.Length; i++)
            words[i] ^= ((ulong)Mask << 32) | Mask;
        for (var i = words.Length * 8; i < length; i++)
            payload[i] ^= (byte)(Mask >> (i % 4 * 8));
    }
}
