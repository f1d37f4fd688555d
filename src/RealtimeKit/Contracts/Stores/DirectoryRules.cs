using System.Buffers.Text;
using System.Globalization;
using System.Text;
using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// The rules of the directory of public channels, the same in every store: its order, and which names a query finds. A store keeps, for each
/// public channel, one row for each of <see cref="Prefixes"/> with the channel's <see cref="Key"/>, and finds rows by prefix in the order of
/// the keys' bytes. Pure functions.
/// </summary>
public static class DirectoryRules
{
    /// <summary>How many steps a page may take; then it ends, full or not, and says where to go on.</summary>
    public const int MaxSteps = 2_000;

    private const byte Named = 0;
    private const byte Nameless = 1;
    private const int UnitBytes = 2;

    /// <summary>
    /// What a channel's name is found by: the empty prefix, by which all are found, and each beginning of each word of the name, each once.
    /// </summary>
    /// <param name="name">The display name, if there is one.</param>
    public static IReadOnlyList<string> Prefixes(string? name)
    {
        var prefixes = new HashSet<string>(StringComparer.Ordinal) { "" };
        foreach (var word in Words(name))
        {
            for (var length = 1; length <= word.Length; length++)
                if (!char.IsHighSurrogate(word[length - 1])) prefixes.Add(word[..length]);
        }

        return [.. prefixes];
    }

    /// <summary>A channel's place in the directory, as bytes: by name without regard to case, then by identifier; the nameless last.</summary>
    /// <param name="name">The display name, if there is one.</param>
    /// <param name="channel">The identifier.</param>
    public static byte[] Key(string? name, string channel)
    {
        ArgumentNullException.ThrowIfNull(channel);
        var folded = Fold(name ?? "");
        var length = 1 + (UnitBytes * folded.Length) + UnitBytes;
        var key = new byte[length + channel.Length];
        key[0] = name is null ? Nameless : Named;
        // Big-endian, so that the bytes order as the units do; no name has the unit 0.
        Encoding.BigEndianUnicode.GetBytes(folded, key.AsSpan(1));
        Encoding.ASCII.GetBytes(channel, key.AsSpan(length));
        return key;
    }

    /// <summary>The words of a name or a query, without regard to case: what stands between blanks and punctuation.</summary>
    internal static IReadOnlyList<string> Words(string? text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        foreach (var rune in Fold(text ?? "").EnumerateRunes())
        {
            if (IsOfWord(rune)) word.Append(rune.ToString());
            else End();
        }

        End();
        return words;

        void End()
        {
            if (word.Length > 0) words.Add(word.ToString());
            word.Clear();
        }
    }

    /// <summary>The least bytes that come after a key.</summary>
    internal static byte[] After(byte[] key) => [.. key, 0];

    internal static string Write(byte[] place) => Base64Url.EncodeToString(place);

    /// <exception cref="FormatException">It is no place.</exception>
    internal static byte[] Read(string? text)
    {
        const int longest = 1 + (UnitBytes * (ProtocolConstants.MaxNameLength + 1)) + ProtocolConstants.MaxIdentifierLength + 1;
        if (text is null) return [];
        var place = text.Length <= UnitBytes * longest ? Base64Url.DecodeFromChars(text) : [];
        return place.Length is > 0 and <= longest ? place : throw new FormatException("The text is not a position in the directory: pass the next of an earlier page.");
    }

    private static string Fold(string text) => text.ToUpperInvariant();

    private static bool IsOfWord(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Control
        or UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation or UnicodeCategory.OpenPunctuation
        or UnicodeCategory.ClosePunctuation or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation
        or UnicodeCategory.OtherPunctuation);
}

/// <summary>Which page of the directory of public channels to read.</summary>
public sealed class DirectoryQuery
{
    // A name has no more words than that.
    private const int MostWords = (ProtocolConstants.MaxNameLength + 1) / 2;

    /// <summary>Reads what was asked for.</summary>
    /// <param name="user">Who asks: channels from which this user is banned are left out.</param>
    /// <param name="query">Each of its words must begin a word of the channel's name; without a word, <see langword="null"/> and all else are the same.</param>
    /// <param name="before">The <see cref="DirectoryPage.Next"/> of the page before, or <see langword="null"/>.</param>
    /// <param name="limit">The most channels; fewer than one counts as one.</param>
    /// <param name="time">The present time: bans that ended before it do not count.</param>
    /// <exception cref="FormatException"><paramref name="before"/> is no position in the directory.</exception>
    public DirectoryQuery(string user, string? query, string? before, int limit, DateTimeOffset time)
    {
        (User, Limit, Time, Start) = (user, Math.Max(limit, 1), time, DirectoryRules.Read(before));
        var words = DirectoryRules.Words(query).Distinct(StringComparer.Ordinal).ToList();
        // A word that begins another one is found with it.
        string[] needed = [.. words.Where(word => !words.Exists(other => other.Length > word.Length && other.StartsWith(word, StringComparison.Ordinal)))];
        IsEmpty = needed.Length > MostWords;
        Prefixes = needed.Length == 0 ? [""] : IsEmpty ? [] : needed;
    }

    /// <summary>Who asks.</summary>
    public string User { get; }

    /// <summary>The most channels.</summary>
    public int Limit { get; }

    /// <summary>The present time.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>The prefixes, by each of which a channel must be found; at least one unless <see cref="IsEmpty"/>.</summary>
    public IReadOnlyList<string> Prefixes { get; }

    /// <summary>Where the page begins: at the first key that is not less than these bytes.</summary>
    public ReadOnlyMemory<byte> Start { get; }

    /// <summary>Whether no name can be found.</summary>
    public bool IsEmpty { get; }

    /// <summary>
    /// Finds a page, for a store that finds the first key of a prefix at little cost. The keys of several prefixes are compared by jumping from
    /// one list to the place in the other, so that a page costs little also where each word alone finds many.
    /// </summary>
    /// <param name="find">Finds the first key of a prefix that is not less than the bytes; <see langword="null"/> where there is none.</param>
    /// <param name="read">Reads the channel of a key; <see langword="null"/> where the user is banned from it.</param>
    public DirectoryPage Read(Func<string, byte[], byte[]?> find, Func<byte[], DirectoryChannel?> read)
    {
        ArgumentNullException.ThrowIfNull(find);
        ArgumentNullException.ThrowIfNull(read);
        var page = new List<DirectoryChannel>();
        if (IsEmpty) return new DirectoryPage(page, null);
        var at = Start.ToArray();
        var end = at;
        for (var step = 0; step < DirectoryRules.MaxSteps; step++)
        {
            var key = at;
            var agree = true;
            for (var i = 0; i < Prefixes.Count; i++)
            {
                if (find(Prefixes[i], key) is not { } found) return new DirectoryPage(page, null);
                agree &= i == 0 || found.AsSpan().SequenceEqual(key);
                key = found;
            }

            at = key;
            if (!agree) continue;
            at = DirectoryRules.After(key);
            if (read(key) is not { } channel) continue;
            if (page.Count == Limit) return new DirectoryPage(page, DirectoryRules.Write(end));
            page.Add(channel);
            end = at;
        }

        return new DirectoryPage(page, DirectoryRules.Write(page.Count == Limit ? end : at));
    }
}

/// <summary>A page of the directory.</summary>
/// <param name="Channels">The channels.</param>
/// <param name="Next">What to send as <c>before</c> for the next page; <see langword="null"/> where this is the last.</param>
public sealed record DirectoryPage(IReadOnlyList<DirectoryChannel> Channels, string? Next)
{
    /// <summary>The page of a store that looks for keys in one statement.</summary>
    /// <param name="channels">The channels that were found, up to one more than the limit.</param>
    /// <param name="ends">For each channel the bytes after its key.</param>
    /// <param name="limit">The most channels.</param>
    /// <param name="stopped">Where the search stopped without having come to the end; <see langword="null"/> where it came there.</param>
    public static DirectoryPage Of(IReadOnlyList<DirectoryChannel> channels, IReadOnlyList<byte[]> ends, int limit, byte[]? stopped)
    {
        ArgumentNullException.ThrowIfNull(channels);
        ArgumentNullException.ThrowIfNull(ends);
        return channels.Count > limit
            ? new DirectoryPage([.. channels.Take(limit)], DirectoryRules.Write(ends[limit - 1]))
            : new DirectoryPage(channels, stopped is null ? null : DirectoryRules.Write(channels.Count == limit ? ends[limit - 1] : stopped));
    }
}

/// <summary>A channel of the directory and what the asking user is in it.</summary>
/// <param name="Listed">The channel.</param>
/// <param name="Role">The user's role; <see langword="null"/> where the user is no member.</param>
/// <param name="Closed">Whether the channel is closed.</param>
public sealed record DirectoryChannel(ListedChannel Listed, ChannelRole? Role, bool Closed);
