using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using RealtimeKit.Protocol;

namespace RealtimeKit.Messages;

/// <summary>
/// A digest of a message as first sent, equal for messages that are equal as JSON values: the first half of the SHA-256
/// of each part with its length before it.
/// </summary>
internal static class MessageDigest
{
    public const int Length = 16;

    public static byte[] Compute(MessageContent content, long? replyTo)
    {
        using var input = new FrameBuffer();
        WriteText(input, content.Text);
        WriteInteger(input, replyTo ?? 0);
        WriteJson(input, content.Data);
        WriteJson(input, content.Attachments);
        WriteInteger(input, content.Mentions?.Count ?? -1);
        foreach (var user in content.Mentions ?? []) WriteText(input, user);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input.WrittenSpan, hash);
        return hash[..Length].ToArray();
    }

    private static void WriteText(FrameBuffer input, string? text)
    {
        WriteInteger(input, text?.Length ?? -1);
        if (text is not null) Encoding.UTF8.GetBytes(text, input);
    }

    private static void WriteJson(FrameBuffer input, JsonValue? value)
    {
        if (value is null)
        {
            WriteInteger(input, -1);
            return;
        }

        using var canonical = new FrameBuffer();
        CanonicalJson.Write(value.Utf8, canonical);
        WriteInteger(input, canonical.Length);
        input.Append(canonical.WrittenSpan);
    }

    private static void WriteInteger(FrameBuffer input, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(input.GetSpan(8), value);
        input.Advance(8);
    }
}
