namespace RealtimeKit.Protocol;

/// <summary>What text must be to come back as it was sent: no U+0000, and no unpaired surrogate, which has no form in UTF-8.</summary>
internal static class TextRules
{
    /// <summary>Checks text that an application gives.</summary>
    /// <exception cref="ArgumentException">It is not text.</exception>
    public static void Require(string? text)
    {
        if (!IsText(text)) throw new ArgumentException("The text holds U+0000 or an unpaired surrogate.", nameof(text));
    }

    /// <summary>Whether it is text, or nothing.</summary>
    public static bool IsText(string? text)
    {
        for (var i = 0; i < text?.Length; i++)
        {
            if (text[i] == '\0') return false;
            if (!char.IsSurrogate(text[i])) continue;
            if (!char.IsSurrogatePair(text, i)) return false;
            i++;
        }

        return true;
    }
}
