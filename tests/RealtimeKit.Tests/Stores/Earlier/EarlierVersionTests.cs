using System.IO.Compression;
using System.Text;
using FluentAssertions;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores.Earlier;

/// <summary>
/// Databases that the last version with schema 1 wrote by its own code (make.sh) are opened by this one: all that was in them is there, and what is
/// new since then is right for it too.
/// </summary>
public sealed class EarlierVersionTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1_760_000_000_000);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sqlite_file_of_version_1_keeps_everything()
    {
        using var database = new TemporaryDatabase();
        await using (var file = File.Create(database.Path))
        await using (var asset = OpenAsset("schema-1.db.gz"))
            await asset.CopyToAsync(file, Cancel);
        using var store = database.Open();
        await store.InitializeAsync(Cancel);
        await CheckAsync(store, store, store, store);
    }

    [Fact]
    public async Task PostgreSql_dump_of_version_1_keeps_everything()
    {
        await using var schema = await TemporarySchema.CreateAsync();
        var dump = (await ReadAssetAsync("schema-1.sql.gz"))
            .Replace("SCHEMA earlier;", $"SCHEMA {schema.Name};", StringComparison.Ordinal).Replace("earlier.", $"{schema.Name}.", StringComparison.Ordinal);
        await schema.RunAsync(dump);
        await using var store = schema.Open();
        await store.InitializeAsync(Cancel);
        await CheckAsync(store, store, store, store);
    }

    private static async Task CheckAsync(IMessageStore messages, IChannelStore channels, IInboxStore inboxes, IMessageSearch search)
    {
        var expected = (await ReadAssetAsync("schema-1.txt.gz")).TrimEnd('\n').Split('\n');
        (await EarlierContents.DescribeAsync(messages, channels, view => view.Settings.Name, Cancel)).Should().Equal(expected);
        var log = new Dictionary<string, IReadOnlyList<Message>>();
        foreach (var user in EarlierContents.Users)
        {
            foreach (var row in (await channels.ListChannelsAsync(user, null, 100, Cancel)).Channels)
                if (!log.ContainsKey(row.Channel)) log[row.Channel] = await EarlierContents.ReadAsync(messages, row.Channel, Cancel);
        }

        await CheckCountsAsync(channels, inboxes, log, blocker: null, blocked: null);
        await channels.BlockAsync(new BlockChange("ann", "bob"), Cancel);
        await CheckCountsAsync(channels, inboxes, log, "ann", "bob");
        await CheckDirectoryAsync(channels);
        await CheckSearchAsync(search, log);
        await CheckChangesAsync(messages, channels, log["lobby"]);
    }

    // Unread messages and mentions, in the list and in the inbox, by a recount of the messages.
    private static async Task CheckCountsAsync(
        IChannelStore channels, IInboxStore inboxes, Dictionary<string, IReadOnlyList<Message>> log, string? blocker, string? blocked)
    {
        foreach (var user in EarlierContents.Users)
        {
            var rows = (await channels.ListChannelsAsync(user, null, 100, Cancel)).Channels;
            var keys = rows.Select(row => new InboxKey(row.Channel, user)).ToList();
            var inbox = await inboxes.ReadRowsAsync(keys, Cancel);
            foreach (var (row, shown) in rows.Zip(inbox.Rows))
            {
                var unread = log[row.Channel].Where(message => message.Sequence > row.Read && message.DeletedAt is null && message.Sender != user).ToList();
                var mentions = unread.Count(message => message.Content.Mentions?.Contains(user) == true && (user != blocker || message.Sender != blocked));
                (row.Unread, row.Mentions).Should().Be((unread.Count, mentions), "{0} in {1}", user, row.Channel);
                (shown!.Unread, shown.Mentions, shown.Read, shown.Role, shown.Version).Should().Be((row.Unread, row.Mentions, row.Read, row.Role, row.Version));
                (shown.Notify, shown.Pinned, shown.Hidden, shown.Closed).Should().Be((ChannelNotify.All, false, false, false));
            }

            var memberships = await inboxes.ListMembershipsAsync(user, Cancel);
            memberships.Channels.Select(one => (one.Channel, one.Unread, one.Mentions)).Should().Equal(rows.Select(row => (row.Channel, row.Unread, row.Mentions)));
            var delta = await inboxes.FindChangedAsync(user, memberships.Position, Cancel);
            delta.Should().NotBeNull();
            delta!.Removed.Should().BeEmpty();
        }
    }

    private static async Task CheckDirectoryAsync(IChannelStore channels)
    {
        var page = await channels.ListDirectoryAsync(new DirectoryQuery("zoe", null, null, 10, Now), Cancel);
        page.Channels.Select(one => (one.Listed.Channel, one.Listed.Members)).Should().Equal(("lobby", 3), ("news", 1));
        page = await channels.ListDirectoryAsync(new DirectoryQuery("zoe", "hou", null, 10, Now), Cancel);
        page.Channels.Select(one => one.Listed.Channel).Should().Equal("lobby");
    }

    // The index is made in the background.
    private static async Task CheckSearchAsync(IMessageSearch search, Dictionary<string, IReadOnlyList<Message>> log)
    {
        var texts = log.Values.SelectMany(messages => messages).Where(message => message.Content.Text is not null).ToList();
        foreach (var (query, part) in new[] { ("naive", "naïve"), ("edited", "edited"), ("京", "京"), ("word12", "word12") })
        {
            var expected = texts.Where(message => message.Content.Text!.Contains(part, StringComparison.Ordinal)).Select(message => message.Id).ToHashSet();
            expected.Should().NotBeEmpty();
            var started = TimeProvider.System.GetTimestamp();
            while (!expected.SetEquals(await FindAsync(search, query)))
                TimeProvider.System.GetElapsedTime(started).Should().BeLessThan(TimeSpan.FromMinutes(1), "'{0}' must be found", query);
        }
    }

    // What was there takes part in everything that came later.
    private static async Task CheckChangesAsync(IMessageStore messages, IChannelStore channels, IReadOnlyList<Message> lobby)
    {
        var last = lobby.Last(message => message.DeletedAt is null).Sequence;
        var results = await messages.AppendAsync(
            [
                new PostChange("lobby", Now, new MessageId(Guid.NewGuid()), "zoe", new MessageContent("new"), last, new byte[16]),
                new PinChange("lobby", Now, last, "ann", Remove: false),
                new ReactChange("lobby", Now, last, "zoe", "+", Remove: false),
            ],
            Cancel);
        results.Should().OnlyContain(result => result.Outcome == AppendOutcome.Appended);
        results[0].Message!.Sequence.Should().Be(lobby[^1].Sequence + 1);
        (await channels.ApplyAsync(new BanChange("lobby", "dan", new Sanction("ann", Now)), Cancel)).Outcome.Should().Be(MemberOutcome.Changed);
        (await channels.FindAsync("lobby", "dan", Cancel))!.Role.Should().BeNull();
        var page = await channels.ListDirectoryAsync(new DirectoryQuery("zoe", "lobby", null, 10, Now), Cancel);
        page.Channels.Single().Listed.Members.Should().Be(2);
    }

    private static async Task<HashSet<MessageId>> FindAsync(IMessageSearch search, string query)
    {
        var found = new HashSet<MessageId>();
        SearchTerms.TryParse(query, out var terms).Should().BeTrue();
        SearchPosition? before = null;
        do
        {
            var page = await search.SearchAsync(new SearchQuery(terms!, new PageLimit(5_000, int.MaxValue), Now) { Before = before }, Cancel);
            foreach (var hit in page.Hits) found.Add(hit.Message.Id).Should().BeTrue("each is found once");
            before = page.Next;
        }
        while (before is not null);
        return found;
    }

    private static GZipStream OpenAsset(string name) =>
        new(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Stores", "Earlier", name)), CompressionMode.Decompress);

    private static async Task<string> ReadAssetAsync(string name)
    {
        await using var asset = OpenAsset(name);
        using var reader = new StreamReader(asset, Encoding.UTF8);
        return await reader.ReadToEndAsync(Cancel);
    }
}
