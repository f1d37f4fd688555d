using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Messages;

/// <summary>Holds the application's own messages to the limits that clients' messages have.</summary>
internal static class OutgoingMessages
{
    /// <summary>Checks a message.</summary>
    /// <exception cref="ArgumentException">It is empty or over a limit.</exception>
    public static MessageDraft Check(OutgoingMessage message)
    {
        Require(message.ReplyTo is null or >= 1, "A message replies to a sequence of at least 1.");
        var content = new MessageContent(message.Text, message.Data, message.Attachments, message.Mentions);
        Check(content);
        return new MessageDraft(message.Id, content, message.ReplyTo);
    }

    /// <summary>Checks an edit.</summary>
    /// <exception cref="ArgumentException">It is over a limit.</exception>
    public static ContentEdit Check(MessageEdit edit)
    {
        var content = new MessageContent(edit.Text, edit.Data, edit.Attachments, edit.Mentions);
        CheckLimits(content);
        return new ContentEdit(
            Part(edit.Text, MessageParts.Text), Part(edit.Data, MessageParts.Data), Part(edit.Attachments, MessageParts.Attachments),
            Part(edit.Mentions, MessageParts.Mentions));

        PartEdit<T> Part<T>(T? value, MessageParts part) where T : class
        {
            Require(value is null || !edit.Remove.HasFlag(part), $"The edit both sets and removes the part '{part}'.");
            return new(value is not null || edit.Remove.HasFlag(part), value);
        }
    }

    /// <summary>Checks what a message says.</summary>
    /// <exception cref="ArgumentException">It is empty or over a limit.</exception>
    public static void Check(MessageContent message)
    {
        CheckLimits(message);
        Require(!message.IsEmpty, "A message needs a text, data or an attachment.");
    }

    private static void CheckLimits(MessageContent message)
    {
        Require(message.Text is null || message.Text.Length <= ProtocolConstants.MaxTextLength,
            $"The text may have at most {ProtocolConstants.MaxTextLength} UTF-16 code units.");
        TextRules.Require(message.Text);
        Require(message.Mentions is null || message.Mentions.Count <= ProtocolConstants.MaxMentions,
            $"A message may mention at most {ProtocolConstants.MaxMentions} users.");
        foreach (var user in message.Mentions ?? []) UserNames.Require(user, nameof(message));
        if (message.Attachments is { } attachments)
        {
            Require(MessageDraft.TryCountObjects(attachments.Utf8.Span, out var count), "The attachments must be a JSON array of objects.");
            Require(count <= ProtocolConstants.MaxAttachments, $"A message may have at most {ProtocolConstants.MaxAttachments} attachments.");
        }

        Require(ChangeRules.SizeOf(message) <= ProtocolConstants.MaxFrameBytes, $"Text, data and attachments may have at most {ProtocolConstants.MaxFrameBytes} bytes together.");
    }

    private static void Require(bool holds, string rule)
    {
        if (!holds) throw new ArgumentException(rule);
    }
}
