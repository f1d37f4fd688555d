using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>The fields of an edit's request.</summary>
internal static class MessageEditFields
{
    /// <summary>What the edit sets.</summary>
    /// <exception cref="ArgumentException">A text or name is not valid.</exception>
    public static MessageContent ToContent(this MessageEdit edit)
    {
        TextRules.Require(edit.Text);
        foreach (var user in edit.Mentions ?? []) UserNames.Require(user, nameof(MessageEdit.Mentions));
        return new MessageContent(edit.Text, edit.Data, edit.Attachments, edit.Mentions);
    }

    /// <summary>The names of the fields that it removes.</summary>
    public static IEnumerable<string> Removed(this MessageEdit edit)
    {
        if (edit.Remove.HasFlag(MessageParts.Text)) yield return "text";
        if (edit.Remove.HasFlag(MessageParts.Data)) yield return "data";
        if (edit.Remove.HasFlag(MessageParts.Attachments)) yield return "attachments";
        if (edit.Remove.HasFlag(MessageParts.Mentions)) yield return "mentions";
    }
}
