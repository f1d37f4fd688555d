namespace RealtimeKit.Client;

/// <summary>What text must be to come back as it was sent: an unpaired surrogate has no form in UTF-8.</summary>
internal static class TextRules
{
    public static void Require(string? text)
    {
        for (var i = 0; i < text?.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (!char.IsSurrogatePair(text, i)) throw new ArgumentException("The text has an unpaired surrogate.", nameof(text));
            i++;
        }
    }
}
