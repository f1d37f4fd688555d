using System.Text;
using FluentAssertions;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>
/// The same random calls to all stores must get the same answers: what one of them gets wrong alone is seen here, also
/// where no suite has thought of it.
/// </summary>
public sealed class StoresAgreeTests
{
    private const int Steps = 1_500;
    private static readonly string[] Names = ["one", "two", "three"];
    private static readonly string[] Users = [.. Enumerable.Range(0, 25).Select(number => $"user{number}")];
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeMilliseconds(1_750_000_000_000);

    private readonly List<MessageId> _ids = [];
    private readonly List<string> _files = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sqlite_answers_as_the_memory_does()
    {
        using var database = new TemporaryDatabase();
        using var store = database.Open();
        await CompareAsync(store, store);
    }

    [Fact]
    public async Task PostgreSql_answers_as_the_memory_does()
    {
        await using var schema = await TemporarySchema.CreateAsync();
        await using var store = schema.Open();
        await CompareAsync(store, store);
    }

    private async Task CompareAsync(IMessageStore messages, IChannelStore channels)
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var memory = new InMemoryStore();
        var random = new Random(seed);
        for (var step = 0; step < Steps; step++)
        {
            var call = NextCall(random, step);
            var expected = await call(memory, memory);
            (await call(messages, channels)).Should().Be(expected, "of seed {0}, step {1}", seed, step);
        }
    }

    private Func<IMessageStore, IChannelStore, Task<string>> NextCall(Random random, int step)
    {
        var name = Pick(random, Names);
        var user = Pick(random, Users);
        var number = random.Next(-1, 40);
        var limit = new PageLimit(random.Next(1, 20), random.Next(2) == 0 ? int.MaxValue : random.Next(5_000));
        switch (random.Next(34))
        {
            case 0 when random.Next(8) == 0: return async (_, channels) => $"{await channels.DeleteAsync(name, Cancel)}";
            case 0 or 1:
                var channel = new NewChannel(
                    name, (ChannelKind)random.Next(3), random.Next(3) == 0 ? null : $"title {Pick(random, Names)}", user, [Pick(random, Users)], Start.AddMilliseconds(step))
                {
                    HeedsBlocks = random.Next(2) == 0,
                };
                return async (_, channels) => $"{await channels.CreateAsync(channel, Cancel)}";
            case 2 or 3:
                if (random.Next(3) == 0)
                {
                    var many = Enumerable.Range(0, random.Next(1, 9)).Select(_ => NextMemberChange(random, name, step)).ToList();
                    return async (_, channels) => string.Join('\n', (await channels.ApplyAsync(many, Cancel)).Select(Show));
                }

                var change = NextMemberChange(random, name, step);
                return async (_, channels) => Show(await channels.ApplyAsync(change, Cancel));
            case 4 when random.Next(3) == 0:
                var settings = new SettingsChange(name)
                {
                    Name = Part(random, $"name {random.Next(3)}"), Data = Part(random, JsonValue.Parse($"{{\"a\":{random.Next(3)}}}")),
                    By = random.Next(3) == 0 ? null : user, Time = Start.AddMilliseconds(step), Closed = random.Next(3) == 0 ? random.Next(2) == 0 : null, SlowMode = random.Next(3) == 0 ? random.Next(3) : null,
                    Revision = random.Next(8) == 0 ? random.Next(4) : null,
                };
                return async (_, channels) => $"{await channels.UpdateAsync(settings, Cancel)}";
            case 4: return async (_, channels) => $"{await channels.MoveReadMarkAsync(name, user, number, Cancel)}";
            case 5: return async (_, channels) => string.Join(' ', await channels.ListOwnReactionsAsync(name, number, user, Cancel));
            case 6: return async (messages, _) => Show(await messages.ReadChangesAsync(name, number, limit, Cancel));
            case 7 or 8:
                var query = new HistoryQuery(name, limit, Maybe(random), Maybe(random), Maybe(random), random.Next(3) == 0);
                return async (messages, _) => Show(await messages.ReadHistoryAsync(query, Cancel));
            case 20:
                var block = new BlockChange(Users[random.Next(4)], Users[random.Next(4)], random.Next(3) == 0);
                return async (_, channels) => await ShowBlockAsync(channels, block);
            case 21:
                var report = new ReportChange(name, number, user, $"reason {random.Next(2)}", Start.AddMilliseconds(step));
                return async (_, channels) => $"{(await channels.ReportAsync(report, Cancel)).Outcome}";
            case 22:
                var resolve = new ResolveChange(name, $"{number}", (ReportState)random.Next(3), Start.AddMilliseconds(step)) { By = user, Revision = random.Next(8) == 0 ? random.Next(4) : null };
                return async (_, channels) => $"{await channels.ResolveAsync(resolve, Cancel)} {await ShowReportsAsync(channels, name, limit.Messages)}";
            case 23:
                var text = random.Next(3) == 0 ? null : string.Join(' ', Enumerable.Range(0, random.Next(1, 3)).Select(_ => Pick(random, ["t", "title", "o", "tw", "three", "x", "na", "1"])));
                var page = random.Next(1, 4);
                return async (_, channels) => await ShowDirectoryAsync(channels, user, text, page, Start.AddMilliseconds(step));
            case 24 or 25:
                var found = NextSearch(random, limit, step);
                return async (messages, _) => await ShowSearchAsync((IMessageSearch)messages, found);
            case 26:
                var preferences = new PreferenceChange(
                    name, user, new ChannelPreferences((ChannelNotify)random.Next(3), random.Next(3) == 0 ? null : random.Next(2) == 0, random.Next(3) == 0 ? null : random.Next(2) == 0));
                return async (_, channels) => $"{await ((IInboxStore)channels).SetPreferencesAsync(preferences, Cancel)}";
            case 27:
                return async (_, channels) => string.Join('\n', (await ((IInboxStore)channels).ListMembershipsAsync(user, Cancel)).Channels);
            case 28 or 29 or 30:
                var time = Start.AddMilliseconds(step);
                var file = new StoredFile(StoredFile.NewId(), name, Users[random.Next(2)], "a", "text/plain", random.Next(100), time) { Due = time.AddMilliseconds(random.Next(1, 600)) };
                FileQuota? quota = random.Next(3) == 0 ? new FileQuota(random.Next(1, 40), random.Next(1, 2_000), time.AddMilliseconds(-random.Next(300))) : null;
                _files.Add(file.Id);
                return async (messages, _) => $"{await ((IFileRecords)messages).AddAsync(file, quota, Cancel)}";
            case 31 or 32:
                var changed = NextFileChange(random, step);
                return async (messages, _) => await ShowFileChangeAsync((IFileRecords)messages, changed);
            case 33: return async (messages, _) => await ShowFilesAsync((IFileRecords)messages, Start.AddMilliseconds(step));
            case 9: return async (_, channels) => await ShowListAsync(channels, user, limit.Messages);
            default:
                var batch = Enumerable.Range(0, random.Next(1, 6)).Select(_ => NextChange(random, step)).ToList();
                return async (messages, _) =>
                    string.Join('\n', (await messages.AppendAsync(batch, Cancel)).Select(result => $"{result.Outcome} {result.Wait} {Show(result.Message)}"));
        }
    }

    private static MemberChange NextMemberChange(Random random, string name, int step)
    {
        var user = Pick(random, Users);
        var role = (ChannelRole)random.Next(3);
        var sanction = new Sanction(
            "ann", Start.AddMilliseconds(step), random.Next(2) == 0 ? null : Start.AddMilliseconds(step + random.Next(1, 200)), random.Next(2) == 0 ? null : "x");
        MemberChange change = random.Next(9) switch
        {
            0 => new JoinChange(name, user, role),
            1 => new LeaveChange(name, user),
            2 => new RemoveChange(name, user),
            3 => new BanChange(name, user, sanction),
            4 => new UnbanChange(name, user),
            5 => new MuteChange(name, user, sanction),
            6 => new UnmuteChange(name, user),
            _ => new RoleChange(name, user, role),
        };
        return change with { Time = Start.AddMilliseconds(step), By = random.Next(3) == 0 ? null : Pick(random, Users), Revision = random.Next(8) == 0 ? random.Next(4) : null };
    }

    private FileChange NextFileChange(Random random, int step)
    {
        var time = Start.AddMilliseconds(step);
        var id = NextFile(random);
        return random.Next(8) switch
        {
            0 => new DiscardFile(id, time) { EvenIfTaken = random.Next(3) == 0 },
            1 => new DiscardFile(id, time) { OnlyIfDue = true },
            2 => new ForgetFile(id, random.Next(2) == 0 ? time : time.AddDays(1)),
            _ => new FinishFile(id, time, "image/png", time.AddMilliseconds(random.Next(1, 900))) { Size = random.Next(3) == 0 ? random.Next(9) : null },
        };
    }

    // Most often one of those that were added last.
    private string NextFile(Random random) => _files.Count == 0 ? "none" : _files[random.Next(random.Next(4) == 0 ? 0 : Math.Max(0, _files.Count - 12), _files.Count)];

    // When the files of a deleted channel become due, is a store's own: a little later.
    private static async Task<string> ShowFileChangeAsync(IFileRecords records, FileChange change)
    {
        if (change is DiscardFile { OnlyIfDue: true } && await records.FindFilesAsync([change.Id], Cancel) is [{ Channel: "" }]) return "";
        var result = await records.ApplyAsync(change, Cancel);
        return $"{result.Outcome} {(result.File is { Channel.Length: > 0 } file ? file : null)}";
    }

    private async Task<string> ShowFilesAsync(IFileRecords records, DateTimeOffset time)
    {
        var found = (await records.FindFilesAsync(_files, Cancel)).OrderBy(file => file.Id, StringComparer.Ordinal).Select(file => file.Channel.Length > 0 ? file : file with { Due = null });
        var due = (await records.ListDueAsync(time, null, int.MaxValue, Cancel)).Where(file => file.Channel.Length > 0);
        return $"{string.Join('\n', found)}\ndue\n{string.Join('\n', due)}";
    }

    private static SearchQuery NextSearch(Random random, PageLimit limit, int step)
    {
        SearchTerms.TryParse(Pick(random, ["text", "te 1", "\"text 2\"", "3", "TÉXT", "none", "text 4 5"]), out var terms).Should().BeTrue();
        return new SearchQuery(terms!, limit, Start.AddMilliseconds(step))
        {
            Channel = random.Next(3) == 0 ? Pick(random, Names) : null, User = random.Next(3) == 0 ? null : Pick(random, Users),
            Sender = random.Next(4) == 0 ? Users[random.Next(2)] : null, Since = random.Next(4) == 0 ? Start.AddMilliseconds(random.Next(step + 1)) : null,
            Until = random.Next(4) == 0 ? Start.AddMilliseconds(random.Next(step + 1)) : null,
        };
    }

    private static async Task<string> ShowBlockAsync(IChannelStore channels, BlockChange change)
    {
        var result = await channels.BlockAsync(change, Cancel);
        return $"{result.Outcome} {result.Channel} {string.Join(' ', result.Recounted.Order(StringComparer.Ordinal))}: {string.Join(' ', await channels.ListBlockedAsync(change.User, Cancel))}";
    }

    // All pages together: of messages of one call, which have the same time, each store has its own order.
    private static async Task<string> ShowSearchAsync(IMessageSearch search, SearchQuery query)
    {
        var hits = new List<SearchHit>();
        SearchPage? page = null;
        while (page is null || page.Next is not null)
        {
            page = await search.SearchAsync(query with { Before = page?.Next }, Cancel);
            hits.AddRange(page.Hits);
        }

        hits.Select(hit => hit.Message.Time).Should().BeInDescendingOrder();
        return string.Join('\n', hits.OrderByDescending(hit => hit.Message.Time).ThenBy(hit => hit.Message.Channel, StringComparer.Ordinal).ThenBy(hit => hit.Message.Sequence)
            .Select(hit => $"{string.Join(' ', hit.Matches)} {Show(hit.Message)}"));
    }

    private MessageChange NextChange(Random random, int step) =>
        NewChange(random, step) with { Revision = random.Next(6) == 0 ? random.Next(4) : null };

    private MessageChange NewChange(Random random, int step)
    {
        var name = Pick(random, Names);
        var user = Pick(random, Users);
        var time = Start.AddMilliseconds(step);
        var sequence = random.Next(0, 25);
        switch (random.Next(12))
        {
            case 10 or 11: return new PinChange(name, time, sequence, user, random.Next(3) == 0) { IsOfApplication = random.Next(4) == 0 };
            case 0: return new DeleteChange(name, time, sequence) { By = random.Next(3) == 0 ? null : user };
            case 1 when random.Next(2) == 0:
                var kept = NextFiles(random, random.Next(3));
                return new EditChange(name, time, sequence, new ContentEdit(Attachments: new PartEdit<JsonValue>(true, Attachments(kept)))) { Files = kept };
            case 1: return new EditChange(name, time, sequence, new ContentEdit(
                Part(random, $"text {random.Next(3)}"), Part(random, JsonValue.Parse($"{random.Next(3)}")), Mentions: Part<IReadOnlyList<string>>(random, [user])));
            case < 6: return new ReactChange(name, time, random.Next(1, 5), user, $"r{random.Next(3)}", random.Next(3) == 0);
            default:
                if (_ids.Count == 0 || random.Next(4) > 0) _ids.Add(new MessageId(Guid.NewGuid()));
                var files = NextFiles(random, random.Next(3) == 0 ? random.Next(1, 3) : 0);
                var content = new MessageContent($"text {random.Next(9)}", random.Next(2) == 0 ? null : JsonValue.Parse("[1]"), Attachments(files), random.Next(2) == 0 ? null : [user]);
                return new PostChange(
                    name, time, _ids[random.Next(Math.Max(0, _ids.Count - 9), _ids.Count)], Users[random.Next(2)], content,
                    random.Next(3) == 0 ? sequence : null, new byte[16], random.Next(9) == 0)
                {
                    Files = files, Pause = random.Next(4) == 0 ? TimeSpan.FromMilliseconds(random.Next(1, 100)) : TimeSpan.Zero,
                };
        }
    }

    private IReadOnlyList<string> NextFiles(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => NextFile(random)).Distinct()];

    private static JsonValue? Attachments(IReadOnlyList<string> files) => files.Count == 0 ? null : JsonValue.Parse($"[{string.Join(',', files.Select(file => $"{{\"file\":\"{file}\"}}"))}]");

    private static async Task<string> ShowReportsAsync(IChannelStore channels, string name, int limit)
    {
        var shown = new StringBuilder();
        for (string? next = null, last = ""; last is not null; last = next)
        {
            var page = await channels.ListReportsAsync(name, next, limit, Cancel);
            foreach (var report in page.Reports) shown.Append($"{report.Report} {report.State} {report.Reason} {report.Time} {string.Join(' ', report.Reporters)} {Show(report.Message)}\n");
            next = page.Next;
        }

        return shown.ToString();
    }

    private static async Task<string> ShowDirectoryAsync(IChannelStore channels, string user, string? text, int limit, DateTimeOffset time)
    {
        var shown = new StringBuilder();
        for (string? next = null, last = ""; last is not null; last = next)
        {
            var page = await channels.ListDirectoryAsync(new DirectoryQuery(user, text, next, limit, time), Cancel);
            shown.AppendJoin('\n', page.Channels).Append($" next {page.Next}\n");
            next = page.Next;
        }

        return shown.ToString();
    }

    // How many owners there are is a store's own, beyond what the rules ask for.
    private static string Show(MemberResult result) => $"{result with { Before = result.Before with { Owners = 0 }, After = result.After with { Owners = 0 } }}";

    private static async Task<string> ShowListAsync(IChannelStore channels, string user, int limit)
    {
        var text = new StringBuilder();
        string? next = null;
        do
        {
            var page = await channels.ListChannelsAsync(user, next, limit, Cancel);
            foreach (var one in page.Channels) text.Append(one with { Last = null }).Append(Show(one.Last)).Append('\n');
            next = page.Next;
        }
        while (next is not null);
        var every = await channels.ListAllAsync(limit % 2 == 0 ? "t" : "", limit % 3 == 0 ? "one" : null, limit, Cancel);
        text.Append(every.More).AppendJoin(' ', every.Channels);
        foreach (var name in Names)
        {
            var view = await channels.FindAsync(name, user, Cancel);
            var members = await channels.ListMembersAsync(name, Users[5], limit, Cancel);
            var bans = await channels.ListBansAsync(name, Users[5], limit, Start.AddMilliseconds(limit * 10), Cancel);
            var actions = await channels.ListActionsAsync(name, null, limit, Cancel);
            text.Append(await channels.CountMembersAsync(name, limit, Cancel));
            text.Append(actions.Next is null).AppendJoin(' ', actions.Actions);
            text.Append(bans.More).AppendJoin(' ', bans.Bans);
            text.Append(view is null ? "" : view with { Head = view.Head with { Epoch = "" } }).Append(members.More).AppendJoin(' ', members.Members);
        }

        return text.ToString();
    }

    private static string Show(MessagePage? page) => page is null ? "none"
        : $"{page.Head.Version} {page.Head.Sequence} {page.More}\n{string.Join('\n', page.Messages.Select(Show))}";

    private static string Show(Message? message) => message is null ? "" :
        $"{message with { Reactions = [], Content = MessageContent.None }} {message.Content.Text} {message.Content.Data} {message.Content.Attachments} "
        + string.Join(',', message.Content.Mentions ?? []) + ' '
        + string.Join(' ', message.Reactions.OrderBy(one => one.Reaction, StringComparer.Ordinal).Select(one => $"{one.Reaction}={one.Count}:{string.Join(',', one.Users)}"));

    private static PartEdit<T> Part<T>(Random random, T value) where T : class =>
        random.Next(3) switch { 0 => default, 1 => new PartEdit<T>(true, null), _ => new PartEdit<T>(true, value) };

    private static long? Maybe(Random random) => random.Next(2) == 0 ? null : random.Next(0, 40);

    private static string Pick(Random random, string[] from) => from[random.Next(from.Length)];
}
