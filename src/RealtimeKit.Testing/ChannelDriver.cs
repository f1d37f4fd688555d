using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

/// <summary>Drives the log of one channel in a test.</summary>
internal sealed class ChannelDriver(IMessageStore store, string name)
{
    public string Name => name;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async Task<AppendResult> ApplyAsync(MessageChange change) => Assert.Single(await store.AppendAsync([change], Cancel));

    public async Task<Message> PostAsync(string text, string sender = "ann", MessageId? id = null, long? replyTo = null, long at = 0) =>
        Appended(await ApplyAsync(Sample.Post(name, text, sender, id, replyTo, at)));

    public async Task<Message> PostAsync(MessageContent content, string sender = "ann") =>
        Appended(await ApplyAsync(Sample.Post(name, content, sender)));

    /// <summary>Posts so many messages in one call, with their number as text.</summary>
    public async Task<IReadOnlyList<Message>> PostManyAsync(int count, string sender = "ann")
    {
        var posts = Enumerable.Range(1, count).Select(number => Sample.Post(name, $"{number}", sender));
        return [.. (await store.AppendAsync([.. posts], Cancel)).Select(Appended)];
    }

    public Task<AppendResult> EditAsync(long sequence, string text, long at = 0) => ApplyAsync(Sample.Edit(name, sequence, text, at));

    public Task<AppendResult> EditAsync(long sequence, ContentEdit edit, MessageContent? before = null) =>
        ApplyAsync(new EditChange(name, Sample.Time(), sequence, edit, before));

    public Task<AppendResult> DeleteAsync(long sequence, long at = 0) => ApplyAsync(new DeleteChange(name, Sample.Time(at), sequence));

    public Task<AppendResult> ReactAsync(long sequence, string user, string reaction, bool remove = false) =>
        ApplyAsync(new ReactChange(name, Sample.Time(), sequence, user, reaction, remove));

    public Task<AppendResult> PinAsync(long sequence, string user = "ann", bool remove = false, long at = 0) =>
        ApplyAsync(new PinChange(name, Sample.Time(at), sequence, user, remove));

    public async Task<MessagePage> ChangesAsync(long after, PageLimit? limit = null)
    {
        var page = await store.ReadChangesAsync(name, after, limit ?? Sample.All, Cancel);
        Assert.NotNull(page);
        Assert.Equal(name, page.Head.Channel);
        return page;
    }

    public async Task<MessagePage> HistoryAsync(
        PageLimit? limit = null, long? before = null, long? after = null, long? thread = null, bool pinned = false)
    {
        var page = await store.ReadHistoryAsync(new HistoryQuery(name, limit ?? Sample.All, before, after, thread, pinned), Cancel);
        Assert.NotNull(page);
        Assert.Equal(name, page.Head.Channel);
        return page;
    }

    /// <summary>The sequences of a page of history, such as "3 4 5", with "…" behind them where there is more.</summary>
    public async Task<string> SequencesAsync(
        PageLimit? limit = null, long? before = null, long? after = null, long? thread = null, bool pinned = false)
    {
        var page = await HistoryAsync(limit, before, after, thread, pinned);
        return Describe(page.Messages.Select(message => message.Sequence), page.More);
    }

    public async Task<Message> ReadAsync(long sequence) =>
        Assert.Single((await HistoryAsync(before: sequence + 1, after: sequence - 1)).Messages);

    public async Task<ChannelHead> HeadAsync() => Assert.Single(await store.ReadHeadsAsync([name], Cancel));

    /// <summary>The head must stand at this version and sequence.</summary>
    public async Task AssertHeadAsync(long version, long sequence)
    {
        var head = await HeadAsync();
        Assert.Equal((version, sequence), (head.Version, head.Sequence));
    }

    public static string Describe(IEnumerable<long> sequences, bool more) => string.Join(' ', sequences) + (more ? "…" : "");

    public static void AssertRefused(AppendOutcome outcome, AppendResult result) =>
        Assert.Equal((outcome, null), (result.Outcome, result.Message));

    public static Message Appended(AppendResult result)
    {
        Assert.Equal(AppendOutcome.Appended, result.Outcome);
        return Assert.IsType<Message>(result.Message);
    }
}
