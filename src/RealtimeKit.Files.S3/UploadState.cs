using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RealtimeKit.Files.S3;

/// <summary>A part that belongs to the upload.</summary>
internal sealed record UploadPart(int Number, long Size, string Tag);

/// <summary>
/// What an upload has, but for the bytes after its last part. It stands behind these in one object, so that both are written at once.
/// </summary>
/// <param name="Length">How many bytes count.</param>
/// <param name="Parts">The parts that count, in their order; their numbers may have gaps.</param>
/// <param name="Upload">S3's name of the object in parts; <see langword="null"/> where none was begun.</param>
/// <param name="Next">The first number of a part that nobody may be writing to.</param>
internal sealed record UploadState(long Length, IReadOnlyList<UploadPart> Parts, string? Upload, int Next)
{
    public static UploadState Empty { get; } = new(0, [], null, 1);

    /// <summary>How many bytes follow the last part.</summary>
    [JsonIgnore]
    public int TailLength => checked((int)(Length - Parts.Sum(static part => part.Size)));

    /// <summary>Appends the state to the bytes that it stands behind.</summary>
    public void AppendTo(PartBuffer tail)
    {
        var state = JsonSerializer.SerializeToUtf8Bytes(this, UploadStateJson.Default.UploadState);
        tail.Append(state);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, state.Length);
        tail.Append(length);
    }

    /// <summary>Takes the state off the bytes that it stands behind.</summary>
    public static UploadState TakeFrom(PartBuffer stored)
    {
        var bytes = stored.Bytes.Span;
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[^sizeof(int)..]);
        var start = bytes.Length - sizeof(int) - length;
        var state = JsonSerializer.Deserialize(bytes.Slice(start, length), UploadStateJson.Default.UploadState)!;
        stored.Length = start;
        return state.TailLength == start ? state : throw new InvalidDataException("The state of an upload does not fit its bytes.");
    }
}

[JsonSerializable(typeof(UploadState))]
internal sealed partial class UploadStateJson : JsonSerializerContext;
