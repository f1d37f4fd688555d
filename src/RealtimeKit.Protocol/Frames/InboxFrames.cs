using System.Text.Json;

namespace RealtimeKit.Protocol;

/// <summary>Writes rows of channels, and the frames of an inbox. Each method that has an output appends one frame.</summary>
internal static class InboxFrames
{
    // Small frames are written in turn with others, and a client that does not read holds little.
    private const int MostBytes = 256 * 1_024;
    private const int MostRemoved = 1_000;

    /// <summary>The reply to <c>inbox</c>.</summary>
    public static void Opened(FrameBuffer output, long id, string cursor, bool reset, UnreadTotals totals)
    {
        var json = FrameWriter.Begin(output, "inbox"u8);
        json.WriteNumber("id"u8, id);
        json.WriteString("cursor"u8, cursor);
        json.WriteBoolean("reset"u8, reset);
        WriteTotals(json, totals);
        FrameWriter.End(json, output);
    }

    /// <summary>Appends an <c>inbox</c> frame with as many of the rows, and then of the names, as one frame may have.</summary>
    /// <param name="output">Where it is appended.</param>
    /// <param name="rows">Rows, of which those that were written are taken away.</param>
    /// <param name="removed">Names of channels that the user is no longer in, of which those that were written are taken away.</param>
    /// <param name="frame">The other fields.</param>
    public static void Rows(FrameBuffer output, ref ReadOnlySpan<ChannelSummary> rows, ref ReadOnlySpan<string> removed, in InboxFrame frame)
    {
        var start = output.Length;
        var json = FrameWriter.Begin(output, "inbox"u8);
        json.WriteStartArray("channels"u8);
        var written = 0;
        for (; written < rows.Length && (written == 0 || output.Length - start + json.BytesPending < MostBytes); written++) WriteRow(json, rows[written]);
        json.WriteEndArray();
        rows = rows[written..];
        var names = rows.IsEmpty ? Math.Min(removed.Length, MostRemoved) : 0;
        if (names > 0)
        {
            json.WriteStartArray("removed"u8);
            foreach (var name in removed[..names]) json.WriteStringValue(name);
            json.WriteEndArray();
            removed = removed[names..];
        }

        var isLast = rows.IsEmpty && removed.IsEmpty;
        json.WriteString("cursor"u8, isLast ? frame.Cursor : frame.CursorBefore);
        json.WriteBoolean("more"u8, frame.IsPage && (frame.More || !isLast));
        WriteTotals(json, frame.Totals);
        FrameWriter.End(json, output);
    }

    /// <summary>Writes a row of a list of channels.</summary>
    public static void WriteRow(Utf8JsonWriter json, ChannelSummary channel)
    {
        json.WriteStartObject();
        json.WriteString("channel"u8, channel.Channel);
        json.WriteString("kind"u8, channel.Kind.ToWord());
        if (channel.Name is { } name) json.WriteString("name"u8, name);
        if (channel.Data is not null) MessageCodec.WriteRaw(json, "data"u8, channel.Data);
        json.WriteString("role"u8, channel.Role.ToWord());
        json.WriteNumber("sequence"u8, channel.Sequence);
        json.WriteNumber("version"u8, channel.Version);
        json.WriteNumber("read"u8, channel.Read);
        json.WriteNumber("unread"u8, channel.Unread);
        json.WriteNumber("mentions"u8, channel.Mentions);
        if (channel.Last is { } last)
        {
            json.WritePropertyName("last"u8);
            MessageCodec.Write(json, last, channel.LastTruncated);
        }

        if (channel.Closed) json.WriteBoolean("closed"u8, true);
        json.WriteString("notify"u8, channel.Notify.ToWord());
        json.WriteBoolean("pinned"u8, channel.Pinned);
        json.WriteBoolean("hidden"u8, channel.Hidden);
        json.WriteTime("changed"u8, channel.Changed);
        json.WriteEndObject();
    }

    /// <summary>The row with the text of its last message cut to what an inbox shows.</summary>
    public static ChannelSummary Cut(ChannelSummary row)
    {
        const int longest = ProtocolConstants.MaxRowTextLength;
        if (row.Last is not { Text: { Length: > longest } text } last) return row;
        // A surrogate pair stays whole.
        var length = char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest;
        return row with { Last = last with { Content = last.Content with { Text = text[..length] } }, LastTruncated = true };
    }

    private static void WriteTotals(Utf8JsonWriter json, UnreadTotals totals)
    {
        json.WriteNumber("unread"u8, totals.Unread);
        json.WriteNumber("mentions"u8, totals.Mentions);
    }
}

/// <summary>The fields of an <c>inbox</c> frame beside its rows.</summary>
/// <param name="Cursor">The cursor behind all rows.</param>
/// <param name="CursorBefore">The cursor of a frame after which more rows of the same moment follow.</param>
/// <param name="Totals">How much is unread.</param>
/// <param name="IsPage">Whether it is one of those that bring the client level, as opposed to a live one.</param>
/// <param name="More">Whether pages follow.</param>
internal readonly record struct InboxFrame(string Cursor, string CursorBefore, UnreadTotals Totals, bool IsPage = false, bool More = false);
