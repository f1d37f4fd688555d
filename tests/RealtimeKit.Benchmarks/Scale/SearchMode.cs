using System.Diagnostics;
using System.Globalization;
using RealtimeKit.Benchmarks.Reports;
using RealtimeKit.Protocol;
using RealtimeKit.Servers;
using RealtimeKit.Stores;

namespace RealtimeKit.Benchmarks.Scale;

/// <summary>What searches take among many messages, and what the index costs those who publish.</summary>
internal static class SearchMode
{
    private const int Batch = 500;
    private const int Channels = 1_000;
    private const int OwnChannels = 30;
    private const int Seconds = 30;
    private const int Page = 50;
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var stores = arguments.Text("stores", "sqlite,postgresql").Split(',');
        Console.WriteLine(Setting.Describe());
        if (stores.Contains("sqlite"))
        {
            var folder = Directory.CreateDirectory(Path.Combine(arguments.Text("folder", Path.GetTempPath()), $"search-{Guid.NewGuid():N}"));
            await MeasureAsync("SQLite", arguments, name =>
            {
                var file = Path.Combine(folder.FullName, $"{name}.db");
                return (builder => builder.UseSqliteStore($"Data Source={file}"), () => Task.FromResult(new FileInfo(file).Length));
            });
            folder.Delete(recursive: true);
        }

        if (stores.Contains("postgresql"))
        {
            await using var server = await PostgreSqlServer.CreateAsync();
            await MeasureAsync("PostgreSQL", arguments, name =>
                (builder => builder.UsePostgreSqlStore(server.ConnectionString, options => options.Schema = name), () => SizeAsync(server, name)));
        }

        return 0;
    }

    private static async Task MeasureAsync(
        string store, Arguments arguments, Func<string, (Action<RealtimeMessagingBuilder> Use, Func<Task<long>> Size)> make)
    {
        // Few first, on two databases in turns: what the index costs.
        var few = arguments.Number("few", 50_000);
        var costs = new List<(bool IsOn, double PerSecond, double Alone, double Bytes)>();
        foreach (var isOn in (bool[])[false, true, false, true])
        {
            var (use, size) = make($"{(isOn ? "with" : "without")}{costs.Count}");
            double perSecond, alone;
            await using (var node = await ScaleNode.StartAsync(use, options => options.Search = isOn))
            {
                await CreateAsync(node);
                perSecond = await FillAsync(node, 0, few);
                alone = await AloneAsync(node, few);
            }

            costs.Add((isOn, perSecond, alone, await size() / (double)few));
        }

        foreach (var group in costs.GroupBy(cost => cost.IsOn))
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{store} {(group.Key ? "with" : "without")} the index: {group.Max(cost => cost.PerSecond):n0} messages/s in batches of {Batch}; alone {group.Min(cost => cost.Alone):f2} ms; {group.Last().Bytes:n0} bytes a message"));

        var messages = arguments.Number("messages", 1_000_000);
        var (useLarge, _) = make("large");
        await using var large = await ScaleNode.StartAsync(useLarge);
        await CreateAsync(large);
        var filled = await FillAsync(large, 0, messages);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n| {store}, {messages:n0} messages, {filled:n0}/s | median, ms | p95 | hits of a page |\n|---|---|---|---|"));
        foreach (var (name, query, with) in Queries())
        {
            var (times, hits) = await TimesAsync(large.Get<IMessageSearch>(), query, with, arguments.Number("rounds", 40));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {Statistics.Rank(times, 0.5):f1} | {Statistics.Rank(times, 0.95):f1} | {hits} |"));
        }

        Console.WriteLine();
    }

    private static IEnumerable<(string Name, string Query, Func<SearchQuery, SearchQuery> With)> Queries()
    {
        const int common = 0, second = 1, middle = 300, rare = 40_000, member = 7;
        var own = (SearchQuery query) => query with { User = $"user{member}" };
        var none = (SearchQuery query) => query with { User = "nobody" };
        yield return ("the commonest word", SearchTexts.Word(common), own);
        yield return ("the commonest word, of public channels", SearchTexts.Word(common), none);
        yield return ("a letter", SearchTexts.Word(common)[..1], own);
        yield return ("a word in the middle", SearchTexts.Word(middle), own);
        yield return ("a rare word", SearchTexts.Word(rare), own);
        yield return ("an absent word", "zzyzx", own);
        yield return ("two common words", $"{SearchTexts.Word(common)} {SearchTexts.Word(second)}", own);
        yield return ("a common and a rare word", $"{SearchTexts.Word(common)} {SearchTexts.Word(rare)}", own);
        yield return ("a common and an absent word", $"{SearchTexts.Word(common)} zzyzx", own);
        yield return ("a phrase of common words", $"\"{SearchTexts.Word(common)} {SearchTexts.Word(second)}\"", own);
        yield return ("a phrase that is nowhere", $"\"{string.Join(' ', Enumerable.Repeat(SearchTexts.Word(common), 6))}\"", own);
        yield return ("a common character of Han", SearchTexts.Character(common), own);
        yield return ("three characters of Han", SearchTexts.Character(common) + SearchTexts.Character(second) + SearchTexts.Character(common), own);
        yield return ("a common word in one channel", SearchTexts.Word(common), query => query with { Channel = $"room{member}" });
        yield return ("a rare word in one channel", SearchTexts.Word(rare), query => query with { Channel = $"room{member}" });
        yield return ("a common word of one sender", SearchTexts.Word(common), query => query with { User = $"user{member}", Sender = "bot3" });
        yield return ("the commonest word, a year ago", SearchTexts.Word(common), query => query with { User = $"user{member}", Until = Start.AddHours(1) });
        yield return ("the commonest word, by the application", SearchTexts.Word(common), query => query);
    }

    private static async Task<(double[] Ascending, int Hits)> TimesAsync(IMessageSearch search, string text, Func<SearchQuery, SearchQuery> with, int rounds)
    {
        if (!SearchTerms.TryParse(text, out var terms)) throw new InvalidOperationException($"There is nothing to search in {text}.");
        var query = with(new SearchQuery(terms, new PageLimit(Page, ProtocolConstants.MaxMessageBytes), Start));
        var times = new double[rounds];
        var hits = (await search.SearchAsync(query, default)).Hits.Count;
        for (var i = 0; i < rounds; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await search.SearchAsync(query, default);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        return (times, hits);
    }

    // Half of the channels are public. Each user is in some of the others.
    private static async Task CreateAsync(ScaleNode node)
    {
        var channels = node.Get<IChannelStore>();
        foreach (var number in Enumerable.Range(0, Channels))
        {
            var kind = number % 2 == 0 ? ChannelKind.Public : ChannelKind.Private;
            var members = Enumerable.Range(0, OwnChannels).Select(step => $"user{Math.Abs(number - step) % Channels}").Distinct();
            await channels.CreateAsync(new NewChannel($"room{number}", kind, null, null, kind == ChannelKind.Public ? [] : [.. members], Start), default);
        }
    }

    private static async Task<double> FillAsync(ScaleNode node, int first, int count)
    {
        var texts = new SearchTexts(first + 1);
        var random = new Random(first);
        var store = node.Get<IMessageStore>();
        var elapsed = TimeSpan.Zero;
        for (var i = 0; i < count; i += Batch)
        {
            MessageChange[] batch = [.. Enumerable.Range(first + i, Batch).Select(number => Post(number, random.Next(Channels), texts.Next()))];
            var start = Stopwatch.GetTimestamp();
            await store.AppendAsync(batch, default);
            elapsed += Stopwatch.GetElapsedTime(start);
        }

        return count / elapsed.TotalSeconds;
    }

    // One message in a commit, as where little is going on.
    private static async Task<double> AloneAsync(ScaleNode node, int first)
    {
        const int count = 500;
        var texts = new SearchTexts(first);
        var times = new double[count];
        for (var i = 0; i < count; i++)
        {
            var post = Post(first + i, i % Channels, texts.Next());
            var start = Stopwatch.GetTimestamp();
            await node.Get<IMessageStore>().AppendAsync([post], default);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        return Statistics.Rank(times, 0.5);
    }

    private static PostChange Post(int number, int channel, string text) => new(
        $"room{channel}", Start.AddSeconds((double)number * Seconds), new MessageId(Guid.CreateVersion7()), $"bot{number % Page}", new MessageContent(text), null, new byte[16]);

    private static async Task<long> SizeAsync(PostgreSqlServer server, string schema)
    {
        await using var connection = new Npgsql.NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new Npgsql.NpgsqlCommand(
            "SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'", connection);
        command.Parameters.AddWithValue(schema);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
