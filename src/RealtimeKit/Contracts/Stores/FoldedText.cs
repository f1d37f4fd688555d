using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// A text cut into what is searched: whole words, and each single character of a script that is written without spaces. It remembers where in the
/// text each of them stands.
/// </summary>
internal sealed class FoldedText
{
    private readonly string _text;
    private readonly char[] _folded;
    private readonly int[] _starts;
    private readonly int[] _ends;
    private readonly FoldedToken[] _tokens;

    private FoldedText(string text, Builder builder)
    {
        _text = text;
        (_folded, _starts, _ends, _tokens) = ([.. builder.Folded], [.. builder.Starts], [.. builder.Ends], [.. builder.Tokens]);
    }

    /// <summary>The words and characters in their order.</summary>
    public ReadOnlySpan<FoldedToken> Tokens => _tokens;

    /// <summary>Cuts a text.</summary>
    public static FoldedText Of(string text)
    {
        var builder = new Builder(text);
        builder.Read();
        return new FoldedText(text, builder);
    }

    /// <summary>What a word or character is searched as.</summary>
    public ReadOnlySpan<char> Span(FoldedToken token) => _folded.AsSpan(token.First, token.Length);

    /// <summary>Where in the text the folded units from one up to another stand, with the marks that follow.</summary>
    public TextRange Range(int first, int last)
    {
        var end = _ends[last];
        while (end < _text.Length && Rune.DecodeFromUtf16(_text.AsSpan(end), out var rune, out var length) == System.Buffers.OperationStatus.Done && IsMark(rune)) end += length;
        return new TextRange(_starts[first], end - _starts[first]);
    }

    private static bool IsMark(Rune rune) => rune.Value > 0x7F
        && Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    private sealed class Builder(string text)
    {
        private int _at;
        private bool _isOpen;

        public List<char> Folded { get; } = new(text.Length);

        public List<int> Starts { get; } = new(text.Length);

        public List<int> Ends { get; } = new(text.Length);

        public List<FoldedToken> Tokens { get; } = new((text.Length / 5) + 1);

        public void Read()
        {
            while (_at < text.Length)
            {
                var unit = text[_at];
                if (unit > 0x7F) ReadRune();
                else if (char.IsAsciiLetterOrDigit(unit)) AddToWord((char)(unit is >= 'A' and <= 'Z' ? unit | 0x20 : unit));
                else Skip();
            }
        }

        private void Skip()
        {
            _isOpen = false;
            _at++;
        }

        private void AddToWord(char folded)
        {
            OpenWord();
            Add(folded, 1);
            _at++;
        }

        private void ReadRune()
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(_at), out var rune, out var length) != System.Buffers.OperationStatus.Done)
            {
                Skip();
                return;
            }

            var category = Rune.GetUnicodeCategory(rune);
            if (Folding.IsIgnored(rune, category))
            {
                _at += length;
                return;
            }

            if (!IsSearched(category))
            {
                _isOpen = false;
                _at += length;
                return;
            }

            var folded = Folding.Fold(rune);
            if (Folding.StandsInRun(char.ConvertToUtf32(folded, 0)))
            {
                while (NextOf(_at + length) is { } next && Folding.Join(folded, next) is { } joined) (folded, length) = (joined, length + next.Utf16SequenceLength);
                AddCharacters(folded, length);
            }
            else
            {
                OpenWord();
                foreach (var unit in folded) Add(unit, length);
            }

            _at += length;
        }

        private Rune? NextOf(int at) =>
            at < text.Length && Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out _) == System.Buffers.OperationStatus.Done ? rune : null;

        private static bool IsSearched(UnicodeCategory category) => category is <= UnicodeCategory.OtherLetter
            or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

        private void OpenWord()
        {
            if (_isOpen && !Tokens[^1].IsOfRun) return;
            Tokens.Add(new FoldedToken(Folded.Count, 0, IsOfRun: false, IsJoined: false));
            _isOpen = true;
        }

        private void AddCharacters(string folded, int length)
        {
            foreach (var rune in folded.EnumerateRunes())
            {
                Tokens.Add(new FoldedToken(Folded.Count, 0, IsOfRun: true, IsJoined: _isOpen && Tokens[^1].IsOfRun));
                _isOpen = true;
                foreach (var unit in rune.ToString()) Add(unit, length);
            }
        }

        private void Add(char folded, int length)
        {
            Folded.Add(folded);
            Starts.Add(_at);
            Ends.Add(_at + length);
            ref var token = ref CollectionsMarshal.AsSpan(Tokens)[^1];
            token = token with { Length = token.Length + 1 };
        }
    }
}

/// <summary>A word, or one character of a script that is written without spaces.</summary>
/// <param name="First">Where its folded units begin.</param>
/// <param name="Length">How many they are.</param>
/// <param name="IsOfRun">Whether it is such a character.</param>
/// <param name="IsJoined">Whether it follows another such character with nothing between.</param>
internal readonly record struct FoldedToken(int First, int Length, bool IsOfRun, bool IsJoined);
