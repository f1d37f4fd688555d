using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

/// <summary>What <see cref="IMessageSearch"/> asks of a store that can search. Derive a class, make a store, and run it with xunit.</summary>
public abstract class MessageSearchConformance : StoreConformance
{
    private IMessageSearch Search => Assert.IsType<IMessageSearch>(Messages, exactMatch: false);

    /// <summary>A word finds words that begin with it, without regard to case and diacritics.</summary>
    [Theory]
    [InlineData("cafe", "Ein Café im Grünen", "[4,4]")]
    [InlineData("CAFÉ", "cafeteria", "[0,4]")]
    [InlineData("grun", "Ein Café im Grünen", "[12,4]")]
    [InlineData("cafe", "Cafe\u0301s", "[0,5]")]
    [InlineData("strasse", "Straße", "[0,6]")]
    [InlineData("ελλαδα", "Η Ελλάδα", "[2,6]")]
    [InlineData("елка", "Ёлка", "[0,4]")]
    [InlineData("istanbul", "İSTANBUL Istanbul", "[0,8] [9,8]")]
    [InlineData("fi", "ﬁnd", "[0,1]")]
    [InlineData("café 42", "42 cafés, 420 cafes", "[0,2] [3,4] [10,2] [14,4]")]
    [InlineData("foo_bar", "bar, foo", "[0,3] [5,3]")]
    public async Task WordsAreFoundByTheirBeginning(string query, string text, string matches) =>
        Assert.Equal(matches, await FindRangesAsync(query, text));

    /// <summary>A run of Han, kana, Hangul or Thai finds where it stands, from one character on.</summary>
    [Theory]
    [InlineData("京", "東京都", "[1,1]")]
    [InlineData("京都", "東京都庁、京都", "[1,2] [5,2]")]
    [InlineData("ラーメン", "豚骨ラーメン屋", "[2,4]")]
    [InlineData("国", "한국어와 중국어", null)]
    [InlineData("국", "한국어와 중국어", "[1,1] [6,1]")]
    [InlineData("한국", "\u1112\u1161\u11AB\u1100\u116E\u11A8\u110B\u1165", "[0,6]")]
    [InlineData("がく", "か\u3099くせい", "[0,3]")]
    [InlineData("カ", "ﾊﾞｶﾝｽ", "[2,1]")]
    [InlineData("ด", "วันดี", "[3,2]")]
    [InlineData("𠮷", "𠮷野家", "[0,2]")]
    [InlineData("京都", "京 都", null)]
    [InlineData("手机", "iPhone手机壳", "[6,2]")]
    [InlineData("iphone 机", "iPhone手机壳", "[0,6] [7,1]")]
    [InlineData("日", "日日、日", "[0,2] [3,1]")]
    public async Task RunsAreFoundWhereTheyStand(string query, string text, string? matches) =>
        Assert.Equal(matches ?? "", await FindRangesAsync(query, text));

    /// <summary>A phrase is whole words side by side, whatever punctuation stands between.</summary>
    [Theory]
    [InlineData("\"new york\"", "I love New-York, new Yorkshire", "[7,8]")]
    [InlineData("\"new york", "New  (York)", "[0,10]")]
    [InlineData("\"york new\"", "New York", null)]
    [InlineData("\"new\"", "newer", null)]
    [InlineData("\"hello 世界\"", "Hello, 世界人民", "[0,9]")]
    [InlineData("a \"b c\" d", "d c b c a", "[0,1] [4,3] [8,1]")]
    [InlineData("\"to be\" or \"not to be\"", "To be, or not to be?", "[0,5] [7,2] [10,9]")]
    public async Task PhrasesAreWholeWordsSideBySide(string query, string text, string? matches) =>
        Assert.Equal(matches ?? "", await FindRangesAsync(query, text));

    /// <summary>What a database has as operators are plain words.</summary>
    [Theory]
    [InlineData("cat OR dog")]
    [InlineData("cat AND dog")]
    [InlineData("cat NOT dog")]
    [InlineData("cat NEAR dog")]
    public async Task OperatorsAreWords(string query)
    {
        var lobby = await NewChannelAsync();
        await lobby.PostAsync("cat and dog, or not near");
        await lobby.PostAsync("cat dog");

        Assert.Equal("1", await FindAsync(query));
    }

    /// <summary>What would be an operator or a wildcard between words is punctuation.</summary>
    [Theory]
    [InlineData("cat*")]
    [InlineData("-cat")]
    [InlineData("cat:*")]
    [InlineData("'cat' & !")]
    [InlineData("(cat")]
    [InlineData("tokens:^cat")]
    [InlineData("{cat} + \\")]
    public async Task SignsArePunctuation(string query)
    {
        var lobby = await NewChannelAsync();
        await lobby.PostAsync("tokens of a cat");

        Assert.Equal("1", await FindAsync(query));
    }

    /// <summary>Hits are ordered by time, the latest first, over all channels.</summary>
    [Fact]
    public async Task LatestComeFirst()
    {
        await NewChannelAsync("one");
        await NewChannelAsync("two");
        await Messages.AppendAsync([Sample.Post("one", "hit a", at: 30), Sample.Post("two", "hit b", at: 20)], Cancel);
        await Messages.AppendAsync([Sample.Post("two", "hit c", at: 40), Sample.Post("one", "hit d", at: 10)], Cancel);
        await Messages.AppendAsync([Sample.Post("one", "hit e", at: 40)], Cancel);

        Assert.Equal(["hit e", "hit c", "hit a", "hit b", "hit d"], (await SearchAsync("hit")).Hits.Select(hit => hit.Message.Content.Text));
    }

    /// <summary>An edit and a deletion show at once, also to another node.</summary>
    [Fact]
    public async Task EditsAndDeletionsShowAtOnce()
    {
        var lobby = await NewChannelAsync();
        await lobby.PostAsync("alpha");
        await lobby.PostAsync("alpha beta");
        var other = (IMessageSearch)(await AnotherNodeAsync()).Messages;
        Assert.Equal("2 1", await FindAsync("alpha", search: other));

        await Messages.AppendAsync([Sample.Edit("lobby", 1, "gamma", at: 5)], Cancel);
        Assert.Equal("2", await FindAsync("alpha", search: other));
        Assert.Equal("1", await FindAsync("gamma", search: other));

        await Messages.AppendAsync([new DeleteChange("lobby", Sample.Time(6), 2), Sample.Post("lobby", "beta", at: 7)], Cancel);
        Assert.Equal("3", await FindAsync("beta", search: other));
        Assert.Empty(await FindAsync("alpha", search: other));

        // Within one batch only what it leaves counts; a reaction leaves the text alone.
        await Messages.AppendAsync(
            [Sample.Post("lobby", "delta", at: 8), Sample.Edit("lobby", 4, "epsilon", at: 9), new ReactChange("lobby", Sample.Time(9), 4, "bob", "x", false)], Cancel);
        Assert.Empty(await FindAsync("delta", search: other));
        Assert.Equal("4", await FindAsync("epsilon", search: other));
    }

    /// <summary>Only text counts, and a message may have none.</summary>
    [Fact]
    public async Task OnlyTextCounts()
    {
        await NewChannelAsync();
        await Messages.AppendAsync([Sample.Post("lobby", new MessageContent(null, JsonValue.Parse("\"needle\""))), Sample.Post("lobby", "hay", sender: "needle")], Cancel);

        Assert.Empty(await FindAsync("needle"));
    }

    /// <summary>What a deleted channel had is found no more, also where its name is taken again.</summary>
    [Fact]
    public async Task DeletedChannelsAreNotSearched()
    {
        var lobby = await NewChannelAsync();
        await lobby.PostAsync("needle");
        await Channels.DeleteAsync("lobby", Cancel);
        Assert.Empty(await FindAsync("needle"));

        await NewChannelAsync();
        Assert.Empty(await FindAsync("needle"));
        await Messages.AppendAsync([Sample.Post("lobby", "needles")], Cancel);
        Assert.Equal("1", await FindAsync("needle", channel: "lobby"));
    }

    /// <summary>A user finds in own channels and in public ones without a ban, at that moment.</summary>
    [Fact]
    public async Task OnlyVisibleChannelsAreSearched()
    {
        await Channels.CreateAsync(Sample.Channel("public"), Cancel);
        await Channels.CreateAsync(Sample.Channel("private", kind: ChannelKind.Private), Cancel);
        await Channels.CreateAsync(Sample.Direct("direct", "ann", "bob"), Cancel);
        await Messages.AppendAsync([Sample.Post("public", "hit", at: 1), Sample.Post("private", "hit", at: 2), Sample.Post("direct", "hit", at: 3)], Cancel);

        Assert.Equal("direct private public", await FindChannelsAsync("ann"));
        Assert.Equal("direct public", await FindChannelsAsync("bob"));
        Assert.Equal("public", await FindChannelsAsync("cleo"));
        Assert.Equal("direct private public", await FindChannelsAsync(null));

        await Channels.ApplyAsync(new JoinChange("private", "cleo"), Cancel);
        await Channels.ApplyAsync(new BanChange("public", "cleo", new Sanction("ann", Sample.Time(), Sample.Time(100))) { Time = Sample.Time() }, Cancel);
        Assert.Equal("private", await FindChannelsAsync("cleo", at: 99));
        Assert.Equal("private public", await FindChannelsAsync("cleo", at: 100));

        await Channels.ApplyAsync(new RemoveChange("private", "cleo"), Cancel);
        Assert.Equal("", await FindChannelsAsync("cleo", at: 99));
    }

    /// <summary>Who is in many channels finds in all of them, and in no other.</summary>
    [Fact]
    public async Task ManyChannelsAreSearched()
    {
        const int channels = 70;
        for (var i = 0; i < channels; i++)
        {
            await Channels.CreateAsync(Sample.Channel($"c{i}", members: i % 2 == 0 ? ["bob"] : [], kind: ChannelKind.Private), Cancel);
            await Messages.AppendAsync([Sample.Post($"c{i}", "hit", at: i)], Cancel);
        }

        var found = (await FindChannelsAsync("bob")).Split(' ');
        Assert.Equal(Enumerable.Range(0, channels).Where(i => i % 2 == 0).Select(i => $"c{i}").Reverse(), found);
        Assert.Equal(channels, (await FindChannelsAsync("ann")).Split(' ').Length);
    }

    /// <summary>A channel, a sender and times narrow the search; the first time counts, the last does not.</summary>
    [Fact]
    public async Task SearchIsNarrowed()
    {
        await NewChannelAsync("one");
        await NewChannelAsync("two");
        foreach (var at in Enumerable.Range(1, 4))
            await Messages.AppendAsync([Sample.Post("one", "hit", at: at * 10), Sample.Post("two", "hit", sender: "bob", at: (at * 10) + 5)], Cancel);

        Assert.Equal("4 3 2 1", await FindAsync("hit", channel: "two"));
        Assert.Equal("4 3 2 1", await FindAsync("hit", with: query => query with { Sender = "bob" }));
        Assert.Equal("3 3 2 2", await FindAsync("hit", with: query => query with { Since = Sample.Time(20), Until = Sample.Time(40) }));
        Assert.Equal("3 2", await FindAsync("hit", with: query => query with { Sender = "ann", Since = Sample.Time(20).AddTicks(-1), Until = Sample.Time(30).AddTicks(1) }));
        Assert.Equal("3", await FindAsync("hit", channel: "one", with: query => query with { Since = Sample.Time(20).AddTicks(1), Until = Sample.Time(40) }));
        Assert.Empty(await FindAsync("hit", channel: "one", with: query => query with { Sender = "bob" }));
        Assert.Empty(await FindAsync("hit", channel: "none"));
    }

    /// <summary>Pages go on where the one before ended, while messages arrive, are edited and deleted.</summary>
    [Fact]
    public async Task PagesAreStableWhileMessagesArrive()
    {
        var random = NewRandom();
        await NewChannelAsync("one");
        await NewChannelAsync("two");
        // Many of the same time, so that the time alone is no place.
        for (var i = 0; i < 120; i++) await Messages.AppendAsync([Sample.Post(i % 3 == 0 ? "two" : "one", $"hit {i}", at: i / 20)], Cancel);
        var seen = new List<string>();
        SearchPosition? before = null;
        do
        {
            var page = await SearchAsync("hit", limit: random.Next(1, 20), with: query => query with { Before = before });
            seen.AddRange(page.Hits.Select(hit => hit.Message.Content.Text!));
            before = page.Next;
            await Messages.AppendAsync([Sample.Post("one", "hit new", at: random.Next(6, 9)), Sample.Edit("one", 1, $"hit 1 {seen.Count}", at: 9)], Cancel);
        }
        while (before is not null);

        Assert.Equal(Enumerable.Range(0, 120).Reverse().Where(i => i != 1).Select(i => $"hit {i}"), seen.Where(text => !text.StartsWith("hit 1 ", StringComparison.Ordinal)));
        Assert.Single(seen, text => text.StartsWith("hit 1 ", StringComparison.Ordinal));
    }

    /// <summary>A page ends at its bytes, and at the work that one call may take.</summary>
    [Fact]
    public async Task PagesAreBounded()
    {
        await NewChannelAsync();
        var text = string.Join(' ', Enumerable.Repeat("long hit", 500));
        await Messages.AppendAsync([.. Enumerable.Range(0, 10).Select(at => Sample.Post("lobby", text, at: at))], Cancel);
        var page = await SearchAsync("hit", with: query => query with { Limit = new PageLimit(10, 10_000) });
        Assert.Equal(3, page.Hits.Count);
        Assert.NotNull(page.Next);
        Assert.All(page.Hits, hit => Assert.Equal(SearchTerms.MaxRanges, hit.Matches.Count));

        // All of these are candidates, for each has all words, and none is a hit.
        var none = string.Join(' ', Enumerable.Range(0, 40).Select(number => $"\"hit hit{number}\""));
        await Messages.AppendAsync(
            [.. Enumerable.Range(0, 200).Select(at => Sample.Post("lobby", string.Join(' ', Enumerable.Range(0, 700).Select(number => $"hit{number % 40} x")) + " hit", at: 100 + at))], Cancel);
        var pages = 0;
        for (SearchPosition? before = null; pages == 0 || before is not null; pages++)
        {
            page = await SearchAsync(none, with: query => query with { Before = before });
            Assert.Empty(page.Hits);
            before = page.Next;
        }

        Assert.InRange(pages, 2, 100);
    }

    /// <summary>Texts of any length and form can be stored and are found.</summary>
    [Fact]
    public async Task AnyTextCanBeStored()
    {
        await NewChannelAsync();
        var random = NewRandom();
        string[] texts =
        [
            new('x', 8_000),
            new('東', 8_000),
            string.Concat(Enumerable.Range(0, 8_000).Select(i => (char)(0x4E00 + i))),
            string.Join(' ', Enumerable.Range(0, 2_000).Select(i => i)),
            string.Join(' ', Enumerable.Range(0, 4_000).Select(i => (char)(0x400 + (i % 200)))),
            "' \" \\ : & | ! ( ) * \t \u00A0 \u2028 \u200B \u202E x",
            "\u0301\u0301 \u0E49 \u200D 👩‍👩‍👧 ½ ² ™ ￼",
            new string([.. Enumerable.Range(0, 8_000).Select(_ => (char)random.Next(1, 0xD800))]),
        ];
        var results = await Messages.AppendAsync([.. texts.Select((text, at) => Sample.Post("lobby", text, at: at))], Cancel);

        Assert.All(results, result => Assert.Equal(AppendOutcome.Appended, result.Outcome));
        Assert.Equal("1", await FindAsync(new string('x', 200)));
        Assert.Contains("2", await FindAsync("東東東"), StringComparison.Ordinal);
        Assert.Equal("3", await FindAsync("一丁丂"));
        Assert.Contains("4", await FindAsync("1999"), StringComparison.Ordinal);
        foreach (var result in results.Take(5)) await Messages.AppendAsync([new DeleteChange("lobby", Sample.Time(99), result.Message!.Sequence)], Cancel);
        Assert.Empty(await FindAsync("1999"));
    }

    /// <summary>A random text is found by parts of it, as the terms themselves say.</summary>
    [Fact]
    public async Task RandomTextsAreFoundByTheirParts()
    {
        const int messages = 300, queries = 150;
        var random = NewRandom();
        await NewChannelAsync();
        string[] words = ["Café", "cafes", "new", "York", "newer", "東京", "東京都", "京", "한국어", "ดี", "o'neill", "x-y", "42", "Ünïcode", "ﬁ"];
        var texts = new List<string>();
        for (var i = 0; i < messages; i++)
        {
            texts.Add(string.Join(random.Next(3) switch { 0 => ", ", 1 => " ", _ => "" }, Enumerable.Range(0, random.Next(1, 6)).Select(_ => words[random.Next(words.Length)])));
            await Messages.AppendAsync([Sample.Post("lobby", texts[i], at: i)], Cancel);
        }

        for (var i = 0; i < queries; i++)
        {
            var query = string.Join(' ', Enumerable.Range(0, random.Next(1, 3)).Select(_ => words[random.Next(words.Length)]));
            if (random.Next(3) == 0) query = $"\"{query}";
            if (random.Next(3) == 0) query = query[..random.Next(1, query.Length)];
            if (!SearchTerms.TryParse(query, out var terms)) continue;
            var expected = Enumerable.Range(0, messages).Where(at => terms.Find(texts[at]).Count > 0).Select(at => at + 1L).Reverse();
            Assert.True(string.Join(' ', expected) == await FindAsync(query, limit: messages), $"The query {query} finds others than it should.");
        }
    }

    private async Task<string> FindRangesAsync(string query, string text)
    {
        var lobby = await NewChannelAsync();
        await lobby.PostAsync("something else, and nothing of that");
        await lobby.PostAsync(text);
        var page = await SearchAsync(query);
        Assert.All(page.Hits, hit => Assert.Equal(2, hit.Message.Sequence));
        return string.Join(' ', page.Hits.SelectMany(hit => hit.Matches).Select(range => $"[{range.Start},{range.Length}]"));
    }

    private async Task<string> FindChannelsAsync(string? user, long at = 50) => string.Join(
        ' ', (await SearchAsync("hit", with: query => query with { User = user, Time = Sample.Time(at) }, limit: 100)).Hits.Select(hit => hit.Message.Channel));

    private async Task<string> FindAsync(
        string query, string? channel = null, Func<SearchQuery, SearchQuery>? with = null, IMessageSearch? search = null, int limit = 50) =>
        string.Join(' ', (await SearchAsync(query, q => (with?.Invoke(q) ?? q) with { Channel = channel }, search, limit)).Hits.Select(hit => hit.Message.Sequence));

    private async Task<SearchPage> SearchAsync(
        string query, Func<SearchQuery, SearchQuery>? with = null, IMessageSearch? search = null, int limit = 50)
    {
        Assert.True(SearchTerms.TryParse(query, out var terms));
        var asked = new SearchQuery(terms, Sample.Count(limit), Sample.Time(1_000));
        return await (search ?? Search).SearchAsync(with?.Invoke(asked) ?? asked, Cancel);
    }
}
