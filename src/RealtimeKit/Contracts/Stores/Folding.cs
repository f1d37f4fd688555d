using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace RealtimeKit.Stores;

/// <summary>
/// What a letter is searched as: without regard to case, diacritics, width and ligatures. The table is the library's own, so that all nodes fold
/// alike, whatever data for cultures their systems have. Pure functions.
/// </summary>
internal static class Folding
{
    private const int FirstSyllable = 0xAC00;
    private const int LastSyllable = 0xD7A3;
    private const int FirstLead = 0x1100;
    private const int FirstVowel = 0x1161;
    private const int FirstTail = 0x11A7;
    private const int Vowels = 21;
    private const int Tails = 28;
    private const int Leads = 19;
    private const int Voiced = 0x3099;
    private const int HalfVoiced = 0x309A;

    // Each line has what its letters become, a space, and the letters, in lower case.
    private static readonly FrozenDictionary<int, string> Table = Read();

    /// <summary>The text that a letter or digit is searched as.</summary>
    public static string Fold(Rune letter)
    {
        var lower = Rune.ToLowerInvariant(letter);
        return Table.GetValueOrDefault(lower.Value) ?? Table.GetValueOrDefault(letter.Value) ?? lower.ToString();
    }

    /// <summary>Whether a character is left out of what is searched, and parts no word: a diacritic, a joiner, a soft hyphen.</summary>
    public static bool IsIgnored(Rune rune, UnicodeCategory category) => category switch
    {
        // In other scripts such marks are vowels.
        UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark => rune.Value is < 0x700 or (>= 0x1AB0 and <= 0x1AFF)
            or (>= 0x1DC0 and <= 0x1DFF) or (>= 0x20D0 and <= 0x20FF) or (>= 0xFE00 and <= 0xFE0F) or (>= 0xFE20 and <= 0xFE2F),
        UnicodeCategory.Format => rune.Value != 0x200B,
        UnicodeCategory.ModifierLetter => rune.Value == 0x640,
        _ => false,
    };

    /// <summary>Whether a letter belongs to a script that is written without spaces, so that it is found wherever it stands.</summary>
    public static bool StandsInRun(int value) => value switch
    {
        < 0x0E00 => false,
        <= 0x0EFF => true, // Thai, Lao
        < 0x1000 => false,
        <= 0x109F => true, // Myanmar
        < 0x1100 => false,
        <= 0x11FF => true, // Hangul
        < 0x1780 => false,
        <= 0x17FF => true, // Khmer
        < 0x2E80 => false,
        <= 0x2FDF => true, // radicals of Han
        < 0x3005 => false,
        <= 0x9FFF => value is not (>= 0x3008 and <= 0x3020) and not (>= 0x3200 and <= 0x33FF), // kana, Bopomofo, Hangul, Han
        < 0xA960 => false,
        <= 0xA97F => true, // Hangul
        < FirstSyllable => false,
        <= 0xD7FF => true, // Hangul
        < 0xF900 => false,
        <= 0xFAFF => true, // Han
        < 0xFF66 => false,
        <= 0xFFDC => true, // kana and Hangul of half width
        < 0x1B000 => false,
        <= 0x1B16F => true, // kana
        < 0x20000 => false,
        _ => value <= 0x3FFFF, // Han
    };

    /// <summary>Joins what is written in parts with what stands before it: a syllable of Hangul, a kana with its mark of voice.</summary>
    /// <returns>What both are together; <see langword="null"/> where they are two.</returns>
    public static string? Join(string before, Rune next)
    {
        if (before.Length != 1) return null;
        var (first, second) = (before[0], next.Value);
        if (second is Voiced or HalfVoiced or 0xFF9E or 0xFF9F) return Voice(first, isHalf: second is HalfVoiced or 0xFF9F);
        if (first is >= (char)FirstLead and < (char)(FirstLead + Leads) && second is >= FirstVowel and < FirstVowel + Vowels)
            return ((char)(FirstSyllable + ((((first - FirstLead) * Vowels) + second - FirstVowel) * Tails))).ToString();
        return first is >= (char)FirstSyllable and <= (char)LastSyllable && (first - FirstSyllable) % Tails == 0 && second is > FirstTail and < FirstTail + Tails
            ? ((char)(first + second - FirstTail)).ToString() : null;
    }

    private static string? Voice(char kana, bool isHalf)
    {
        // In the blocks of kana the voiced follows the plain one, and the half voiced that.
        var place = kana is >= '\u30A1' and <= '\u30F6' ? kana - 0x60 : kana;
        var step = place is >= 'は' and <= 'ほ' && (place - 'は') % 3 == 0 ? isHalf ? 2 : 1
            : isHalf ? 0
            : place is (>= 'か' and <= 'ち' and not 'っ') && place % 2 == 1 ? 1
            : place is 'つ' or 'て' or 'と' ? 1
            : place == 'う' ? 'ゔ' - 'う'
            : 0;
        return step == 0 ? null : ((char)(kana + step)).ToString();
    }

    private static FrozenDictionary<int, string> Read()
    {
        using var stream = typeof(Folding).Assembly.GetManifestResourceStream("RealtimeKit.Folding.txt")
            ?? throw new InvalidOperationException("The table of letters is missing in the assembly: build RealtimeKit anew.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var table = new Dictionary<int, string>();
        while (reader.ReadLine() is { } line)
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            foreach (var letter in line[(space + 1)..].EnumerateRunes()) table.Add(letter.Value, line[..space]);
        }

        return table.ToFrozenDictionary();
    }
}
