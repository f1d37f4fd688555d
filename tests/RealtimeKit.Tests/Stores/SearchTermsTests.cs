using System.Text;
using FluentAssertions;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>What a query is cut into and where it stands in a text, without a store.</summary>
public sealed class SearchTermsTests
{
    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("\"\"")]
    [InlineData("\" - \" * ( ) ' \\")]
    [InlineData("👍 ™ €")]
    [InlineData("\u0301 \u200D")]
    public void Query_without_letters_has_nothing_to_search(string query) => SearchTerms.TryParse(query, out _).Should().BeFalse();

    [Theory]
    [InlineData("ａｂｃ", "abc")]
    [InlineData("Ǻngström ǿ", "angstrom o")]
    [InlineData("ΆΈΉ ς", "αεη σ")]
    [InlineData("Й ё", "и е")]
    [InlineData("אָ", "א")]
    [InlineData("مُحَمَّد أحمد", "محمد احمد")]
    [InlineData("co\u00ADoperate", "cooperate")]
    [InlineData("ẞß", "ssss")]
    public void Text_is_folded(string text, string folded)
    {
        SearchTerms.TryParse(text, out var terms).Should().BeTrue();
        terms!.Tokens.Select(token => token.Text[1..]).Should().Equal(folded.Split(' '));
    }

    // Each letter with what it folds to, also where the system has no data for cultures.
    [Theory]
    [InlineData("àáâãäåāăąçćčďđèéêëēęěğĥìíîïıĵķłñńňòóôõöøőŕřśšşţťùúûüůűŵýÿźžż", "aaaaaaaaacccddeeeeeeeghiiiiijklnnnooooooorrsssttuuuuuuwyyzzz")]
    [InlineData("ÀÇÉÑÖŘŠÛÝŽ", "acenorsuyz")]
    [InlineData("ấậđơưỹ", "aadouy")]
    [InlineData("άέήίόύώϊϋΐς", "αεηιουωιυισ")]
    [InlineData("ёйіїґў", "еиііґу")]
    [InlineData("أإآؤئة", "اااوية")]
    [InlineData("ﬃæœßĳ", "ffiaeoessij")]
    [InlineData("Ｈ２²①", "h221")]
    public void Letters_fold_to_their_bases(string letters, string bases) =>
        string.Concat(letters.EnumerateRunes().Select(Folding.Fold)).Should().Be(bases);

    [Fact]
    public void Kana_and_Hangul_are_joined_with_their_marks()
    {
        const string plain = "かきくけこさしすせそたちつてとはひふへほうカキクケコサシスセソタチツテトハヒフヘホウ";
        const string voiced = "がぎぐげござじずぜぞだぢづでどばびぶべぼゔガギグゲゴザジズゼゾダヂヅデドバビブベボヴ";
        for (var i = 0; i < plain.Length; i++) Folding.Join(plain[i].ToString(), new Rune(0x3099)).Should().Be(voiced[i].ToString());
        const string soft = "はひふへほハヒフヘホ", half = "ぱぴぷぺぽパピプペポ";
        for (var i = 0; i < soft.Length; i++) Folding.Join(soft[i].ToString(), new Rune(0x309A)).Should().Be(half[i].ToString());
        foreach (var other in "あっなまゃやらわんアッナマャヤラん") Folding.Join(other.ToString(), new Rune(0x3099)).Should().BeNull();
        foreach (var (parts, syllable) in ((string, string)[])[("\u1100\u1161", "가"), ("\u1112\u1161\u11AB", "한"), ("\u1112\u1175\u11C2", "힣"), ("\u1103\u1169", "도")])
            parts.EnumerateRunes().Skip(1).Aggregate(parts[..1], (before, next) => Folding.Join(before, next)!).Should().Be(syllable);
    }

    [Fact]
    public void Ranges_are_apart_and_within_the_words()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var random = new Random(seed);
        string[] pieces = ["a", "b", "é", "e\u0301", " ", "-", "\"", "日", "本", "か\u3099", "ดี", "한", "ﬁ", "𠮷", "😀", "\u200D", "1", "½"];
        string Make(int most) => string.Concat(Enumerable.Range(0, random.Next(1, most)).Select(_ => pieces[random.Next(pieces.Length)]));
        for (var i = 0; i < 20_000; i++)
        {
            var (query, text) = (Make(8), Make(40));
            if (!SearchTerms.TryParse(query, out var terms)) continue;
            var ranges = terms.Find(text);
            var end = -1;
            foreach (var range in ranges)
            {
                range.Start.Should().BeGreaterThan(end, "of {0} in {1}, seed {2}", query, text, seed);
                range.Length.Should().BePositive();
                end = range.End;
            }

            end.Should().BeLessThanOrEqualTo(text.Length);
            // What a text has, its index has.
            var tokens = SearchIndex.Tokens(text);
            if (ranges.Count > 0)
                terms.Tokens.Should().OnlyContain(token => token.IsPrefix ? tokens.Any(one => one.StartsWith(token.Text, StringComparison.Ordinal)) : tokens.Contains(token.Text), "of {0} in {1}, seed {2}", query, text, seed);
        }
    }

    [Fact]
    public void Position_is_read_as_it_was_written()
    {
        SearchPosition.TryParse(new SearchPosition(1, 2, 3).ToString(), out var position).Should().BeTrue();
        position.Should().Be(new SearchPosition(1, 2, 3));
        foreach (var text in (string?[])[null, "", "1-2", "1-2-3-4", "-1-2-3", "a-b-c", "1-2-99999999999999999999"]) SearchPosition.TryParse(text, out _).Should().BeFalse();
    }
}
