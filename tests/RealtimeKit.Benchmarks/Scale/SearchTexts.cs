using System.Globalization;

namespace RealtimeKit.Benchmarks.Scale;

/// <summary>Texts as people write them: 3 to 25 words, each as frequent as its rank has it (Zipf), and one text in twenty in Han.</summary>
internal sealed class SearchTexts(int seed)
{
    private const int Words = 50_000;
    private const int Characters = 3_000;
    private const int Shortest = 3;
    private const int Longest = 26;
    private const int FirstCharacter = 0x4E00;
    private const int HanIn = 20;

    private static readonly string[] Consonants = ["b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "ch"];
    private static readonly string[] Vowels = ["a", "e", "i", "o", "u", "é", "ü"];

    private readonly Random _random = new(seed);

    /// <summary>The word of a rank; the first is in every other message.</summary>
    public static string Word(int rank)
    {
        var word = "";
        for (var rest = rank + 1; rest > 0; rest /= Consonants.Length * Vowels.Length)
        {
            var syllable = rest % (Consonants.Length * Vowels.Length);
            word += Consonants[syllable % Consonants.Length] + Vowels[syllable / Consonants.Length];
        }

        return word;
    }

    /// <summary>The character of a rank.</summary>
    public static string Character(int rank) => ((char)(FirstCharacter + rank)).ToString(CultureInfo.InvariantCulture);

    public string Next()
    {
        var count = _random.Next(Shortest, Longest);
        return _random.Next(HanIn) == 0
            ? string.Concat(Enumerable.Range(0, count).Select(_ => Character(Rank(Characters))))
            : string.Join(' ', Enumerable.Range(0, count).Select(_ => Word(Rank(Words))));
    }

    // The rank whose share of the harmonic sum a random number hits, near enough.
    private int Rank(int most) => (int)Math.Exp(_random.NextDouble() * Math.Log(most)) - 1;
}
