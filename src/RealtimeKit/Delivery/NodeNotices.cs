using System.Buffers.Binary;
using System.Text;
using RealtimeKit.Presence;
using RealtimeKit.Protocol;

namespace RealtimeKit.Delivery;

/// <summary>Writes the bodies of notices between nodes.</summary>
internal static class NodeNotices
{
    /// <summary>About the most bytes of one notice: what is longer goes in several.</summary>
    public const int LargestBody = 60 * 1_024;

    public static void Write(FrameBuffer output, byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    public static void Write(FrameBuffer output, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(output.GetSpan(sizeof(ushort)), value);
        output.Advance(sizeof(ushort));
    }

    public static void Write(FrameBuffer output, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(output.GetSpan(sizeof(uint)), value);
        output.Advance(sizeof(uint));
    }

    public static void Write(FrameBuffer output, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(sizeof(ulong)), value);
        output.Advance(sizeof(ulong));
    }

    public static void Write(FrameBuffer output, Guid value)
    {
        value.TryWriteBytes(output.GetSpan(16));
        output.Advance(16);
    }

    /// <summary>Writes the name of a channel or a user, which is ASCII.</summary>
    public static void Write(FrameBuffer output, string name)
    {
        Write(output, (byte)name.Length);
        output.Advance(Encoding.ASCII.GetBytes(name, output.GetSpan(name.Length)));
    }

    public static void Write(FrameBuffer output, in PresenceOf present)
    {
        Write(output, present.User);
        Write(output, (uint)present.Entry.Connections);
        Write(output, (uint)present.Entry.Away);
        Write(output, (ulong)present.Entry.Since);
    }
}

/// <summary>
/// Reads such a body. What is not there, or cannot be, reads as nothing and is remembered: a faulty body is to be ignored
/// as a whole.
/// </summary>
internal ref struct NodeNoticeReader(ReadOnlySpan<byte> body)
{
    private const int MostConnections = 1_000_000;
    private const long LastTime = 253_402_300_799_999; // The end of the year 9999.

    private ReadOnlySpan<byte> _rest = body;

    public bool IsFaulty { get; private set; }

    /// <summary>Whether there is more to read.</summary>
    public readonly bool HasMore => !IsFaulty && !_rest.IsEmpty;

    public byte ReadByte() => Take(1) is [var value] ? value : (byte)0;

    public ushort ReadUInt16() => Take(sizeof(ushort)) is { IsEmpty: false } bytes ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : (ushort)0;

    public uint ReadUInt32() => Take(sizeof(uint)) is { IsEmpty: false } bytes ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : 0;

    public ulong ReadUInt64() => Take(sizeof(ulong)) is { IsEmpty: false } bytes ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;

    public Guid ReadGuid() => Take(16) is { IsEmpty: false } bytes ? new Guid(bytes) : Guid.Empty;

    public string ReadChannel()
    {
        var text = ReadName();
        if (!Identifiers.IsValid(text)) IsFaulty = true;
        return text;
    }

    public string ReadUser()
    {
        var text = ReadName();
        if (!UserNames.IsValid(text)) IsFaulty = true;
        return text;
    }

    public string ReadText() => Encoding.UTF8.GetString(Take(_rest.Length));

    public PresenceOf ReadPresence()
    {
        var user = ReadUser();
        var (connections, away, since) = (ReadUInt32(), ReadUInt32(), ReadUInt64());
        if (connections > MostConnections || away > connections || since > LastTime) IsFaulty = true;
        return IsFaulty ? default : new PresenceOf(user, new PresenceEntry((int)connections, (int)away, (long)since));
    }

    private string ReadName() => Encoding.Latin1.GetString(Take(ReadByte()));

    private ReadOnlySpan<byte> Take(int length)
    {
        if (IsFaulty || length > _rest.Length)
        {
            IsFaulty = true;
            return default;
        }

        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
