using System.Text.Json;

namespace RealtimeKit.Protocol;

/// <summary>Writes the frames that carry pages of messages, each kept under the size of one transport message.</summary>
internal static class ServerPages
{
    // What surrounds the messages: type, channel, counters, braces.
    private const int Envelope = 1_024;

    /// <summary>
    /// Appends a <c>changes</c> frame with as many of the messages as fit, at least one, and returns how many it holds.
    /// Where the page had to be cut, its cursor is the last message's version if the messages ascend by version; if they
    /// ascend by sequence it stays <paramref name="version"/>, at which they all were read.
    /// </summary>
    public static int Changes(
        FrameBuffer output, string channel, IReadOnlyList<Message> messages, long version, bool ascendingVersions, bool more)
    {
        var json = FrameWriter.Begin(output, "changes"u8);
        json.WriteString("channel"u8, channel);
        var written = WriteMessages(json, output, messages, 0);
        var cut = written < messages.Count;
        json.WriteNumber("version"u8, cut && ascendingVersions ? messages[written - 1].Version : version);
        json.WriteBoolean("more"u8, more || cut);
        FrameWriter.End(json, output);
        return written;
    }

    /// <summary>
    /// Appends a <c>history</c> reply. Messages that do not fit are announced by <c>more</c>: the oldest of them where
    /// <paramref name="keepNewest"/>, else the newest.
    /// </summary>
    public static void History(
        FrameBuffer output, long id, string channel, IReadOnlyList<Message> messages, bool more, bool keepNewest)
    {
        var first = 0;
        if (keepNewest)
        {
            // Sizes are only known by writing: measure from the newest back.
            using var scratch = new FrameBuffer();
            first = messages.Count - Measure(scratch, messages);
        }

        var json = FrameWriter.Begin(output, "history"u8);
        json.WriteNumber("id"u8, id);
        json.WriteString("channel"u8, channel);
        var written = WriteMessages(json, output, messages, first);
        json.WriteBoolean("more"u8, more || first > 0 || first + written < messages.Count);
        FrameWriter.End(json, output);
    }

    /// <summary>Appends a <c>results</c> reply with as many of the messages as fit, at least one.</summary>
    /// <param name="output">The output.</param>
    /// <param name="id">The request.</param>
    /// <param name="messages">The messages, the latest first.</param>
    /// <param name="next">Where the next page begins, given the last message that the page holds; -1 where it holds all.</param>
    public static void Results(FrameBuffer output, long id, IReadOnlyList<FoundMessage> messages, Func<int, string?> next)
    {
        var json = FrameWriter.Begin(output, "results"u8);
        json.WriteNumber("id"u8, id);
        var written = WriteMessages(json, output, messages, 0, static (one, found) => MessageCodec.Write(one, found.Message, matches: found.Matches));
        var rest = next(written < messages.Count ? written - 1 : -1);
        json.WriteBoolean("more"u8, rest is not null);
        if (rest is not null) json.WriteString("next"u8, rest);
        FrameWriter.End(json, output);
    }

    private static int Measure(FrameBuffer scratch, IReadOnlyList<Message> messages)
    {
        var sum = Envelope;
        for (var fitting = 0; fitting < messages.Count; fitting++)
        {
            scratch.Clear();
            ServerEvents.Event(scratch, "posted"u8, messages[messages.Count - 1 - fitting]);
            sum += scratch.Length;
            if (sum > ProtocolConstants.MaxMessageBytes && fitting > 0) return fitting;
        }

        return messages.Count;
    }

    private static int WriteMessages(Utf8JsonWriter json, FrameBuffer output, IReadOnlyList<Message> messages, int first) =>
        WriteMessages(json, output, messages, first, static (one, message) => MessageCodec.Write(one, message));

    private static int WriteMessages<T>(
        Utf8JsonWriter json, FrameBuffer output, IReadOnlyList<T> messages, int first, Action<Utf8JsonWriter, T> write)
    {
        json.Flush();
        var start = output.Length;
        var written = 0;
        json.WriteStartArray("messages"u8);
        json.Flush();
        using var scratch = new FrameBuffer();
        for (var i = first; i < messages.Count; i++)
        {
            scratch.Clear();
            using (var one = new Utf8JsonWriter(scratch, FrameWriter.Options)) write(one, messages[i]);
            if (written > 0 && output.Length - start + scratch.Length + Envelope > ProtocolConstants.MaxMessageBytes) break;
            json.WriteRawValue(scratch.WrittenSpan, skipInputValidation: true);
            json.Flush();
            written++;
        }

        json.WriteEndArray();
        return written;
    }
}
