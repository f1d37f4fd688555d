using RealtimeKit.Protocol;

namespace RealtimeKit.Messages;

/// <summary>A message as its sender gave it, checked against the limits.</summary>
internal sealed record MessageDraft(MessageId Id, MessageContent Content, long? ReplyTo)
{
    /// <summary>The 16-byte digest that distinguishes a retry from another message under the same id.</summary>
    public byte[] Digest { get; } = MessageDigest.Compute(Content, ReplyTo);

    /// <summary>The files that its attachments name.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>Reads the message of a <c>publish</c>; <see langword="null"/> after noting a fault in <paramref name="frame"/>.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="attached">Says which files it names.</param>
    public static MessageDraft? Read(ref FrameFields frame, AttachedFiles attached)
    {
        if (!frame.Has(FrameField.Message)) frame.Fail(ErrorCodes.Invalid, FrameField.Message, "is missing");
        var fields = frame.Object(FrameField.Message);
        // Acknowledged, its beginning would pass for the whole message.
        if (fields.Has(FrameField.Stream) && !fields.Raw(FrameField.Stream).SequenceEqual("false"u8))
            frame.Fail(new FrameFault(ErrorCodes.Unsupported, "This server has no messages that grow: leave 'stream' out, and publish the whole text."));
        if (frame.Fault is not null) return null;
        if (!MessageId.TryParse(fields.String(FrameField.Id), out var id))
            fields.Fail(ErrorCodes.Invalid, FrameField.Id, "must be a UUID of 36 characters with hyphens");
        var replyTo = fields.Integer(FrameField.ReplyTo, 1);
        var content = new MessageContent(ReadText(ref fields), ReadData(ref fields), ReadAttachments(ref fields), ReadMentions(ref fields));
        if (fields.Fault is null && content.IsEmpty)
            fields.Fail(new FrameFault(ErrorCodes.Invalid, "A message needs a text, data or an attachment."));
        IReadOnlyList<string> files = [];
        if (fields.Fault is null && attached.Read(content.Attachments, out files) is { } wrong) fields.Fail(new FrameFault(ErrorCodes.Invalid, wrong));
        if (fields.Fault is { } fault)
        {
            frame.Fail(fault);
            return null;
        }

        return new MessageDraft(id, content, replyTo) { Files = files };
    }

    /// <summary>Reads the parts of an <c>edit</c>: absent is kept, null is removed.</summary>
    public static ContentEdit ReadEdit(ref FrameFields frame, AttachedFiles attached)
    {
        var edit = new ContentEdit(
            new(IsGiven(ref frame, FrameField.Text), ReadText(ref frame)),
            new(IsGiven(ref frame, FrameField.Data), ReadData(ref frame)),
            new(IsGiven(ref frame, FrameField.Attachments), ReadAttachments(ref frame)),
            new(IsGiven(ref frame, FrameField.Mentions), ReadMentions(ref frame)));
        if (frame.Fault is null && attached.Read(edit.Attachments.Value, out _) is { } wrong) frame.Fail(new FrameFault(ErrorCodes.Invalid, wrong));
        return edit;
    }

    private static bool IsGiven(ref FrameFields fields, FrameField field) => fields.Has(field) || fields.IsNull(field);

    private static string? ReadText(ref FrameFields fields) =>
        fields.String(FrameField.Text, ProtocolConstants.MaxTextLength, ErrorCodes.TooLarge);

    // Copied: the connection reuses the frame's memory for the next frame.
    private static JsonValue? ReadData(ref FrameFields fields) =>
        fields.Has(FrameField.Data) ? JsonValue.FromTrusted(fields.Raw(FrameField.Data).ToArray()) : null;

    private static JsonValue? ReadAttachments(ref FrameFields fields)
    {
        var raw = fields.Raw(FrameField.Attachments);
        if (raw.IsEmpty) return null;
        if (!TryCountObjects(raw, out var count)) fields.Fail(ErrorCodes.Invalid, FrameField.Attachments, "must be a list of objects");
        else if (count > ProtocolConstants.MaxAttachments)
            fields.Fail(ErrorCodes.Invalid, FrameField.Attachments, $"may hold at most {ProtocolConstants.MaxAttachments}");
        return count == 0 ? JsonValue.FromTrusted("[]"u8.ToArray()) : JsonValue.FromTrusted(raw.ToArray());
    }

    private static IReadOnlyList<string>? ReadMentions(ref FrameFields fields) =>
        fields.Users(FrameField.Mentions, ProtocolConstants.MaxMentions);

    internal static bool TryCountObjects(ReadOnlySpan<byte> json, out int count)
    {
        count = 0;
        var reader = new System.Text.Json.Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != System.Text.Json.JsonTokenType.StartArray) return false;
        while (reader.Read() && reader.TokenType != System.Text.Json.JsonTokenType.EndArray)
        {
            if (reader.TokenType != System.Text.Json.JsonTokenType.StartObject) return false;
            count++;
            reader.Skip();
        }

        return true;
    }
}
