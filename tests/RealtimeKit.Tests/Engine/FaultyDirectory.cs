using RealtimeKit.Stores;

namespace RealtimeKit.Tests.Engine;

/// <summary>A real channel store whose answers are lost, or whose questions fail, as a test says.</summary>
internal sealed class FaultyDirectory(IChannelStore inner) : IChannelStore
{
    /// <summary>Whether the answer to the next change is lost, though the change is made.</summary>
    public bool LosesAnswer { get; set; }

    /// <summary>Called after each look for a channel, with its number.</summary>
    public Func<int, Task> Found { get; set; } = _ => Task.CompletedTask;

    /// <summary>How often members were counted.</summary>
    public int MemberCounts => Volatile.Read(ref _memberCounts);

    private int _found;
    private int _memberCounts;

    public async ValueTask<ChannelView?> FindAsync(string channel, string user, CancellationToken cancellationToken)
    {
        var view = await inner.FindAsync(channel, user, cancellationToken);
        await Found(++_found);
        return view;
    }

    public ValueTask<CreateResult> CreateAsync(NewChannel channel, CancellationToken cancellationToken) => inner.CreateAsync(channel, cancellationToken);

    public async ValueTask<bool> DeleteAsync(string channel, CancellationToken cancellationToken) =>
        Answer(await inner.DeleteAsync(channel, cancellationToken));

    public ValueTask RenewEpochsAsync(CancellationToken cancellationToken) => inner.RenewEpochsAsync(cancellationToken);

    public async ValueTask<MemberResult> ApplyAsync(MemberChange change, CancellationToken cancellationToken) =>
        Answer(await inner.ApplyAsync(change, cancellationToken));

    public ValueTask<int> CountMembersAsync(string channel, int most, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _memberCounts);
        return inner.CountMembersAsync(channel, most, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<MemberResult>> ApplyAsync(IReadOnlyList<MemberChange> changes, CancellationToken cancellationToken) =>
        Answer(await inner.ApplyAsync(changes, cancellationToken));

    public ValueTask<ChannelInfoPage> ListAllAsync(string prefix, string? after, int limit, CancellationToken cancellationToken) =>
        inner.ListAllAsync(prefix, after, limit, cancellationToken);

    public ValueTask<MemberPage> ListMembersAsync(string channel, string? after, int limit, CancellationToken cancellationToken) =>
        inner.ListMembersAsync(channel, after, limit, cancellationToken);

    public async ValueTask<SettingsResult> UpdateAsync(SettingsChange change, CancellationToken cancellationToken) =>
        Answer(await inner.UpdateAsync(change, cancellationToken));

    public ValueTask<ActionPage> ListActionsAsync(string channel, long? before, int limit, CancellationToken cancellationToken) =>
        inner.ListActionsAsync(channel, before, limit, cancellationToken);

    public ValueTask<BanPage> ListBansAsync(string channel, string? after, int limit, DateTimeOffset time, CancellationToken cancellationToken) =>
        inner.ListBansAsync(channel, after, limit, time, cancellationToken);

    public ValueTask<ChannelPage> ListChannelsAsync(string user, string? before, int limit, CancellationToken cancellationToken) =>
        inner.ListChannelsAsync(user, before, limit, cancellationToken);

    public ValueTask<DirectoryPage> ListDirectoryAsync(DirectoryQuery query, CancellationToken cancellationToken) => inner.ListDirectoryAsync(query, cancellationToken);

    public async ValueTask<ReportResult> ReportAsync(ReportChange change, CancellationToken cancellationToken) =>
        Answer(await inner.ReportAsync(change, cancellationToken));

    public async ValueTask<ResolveResult> ResolveAsync(ResolveChange change, CancellationToken cancellationToken) =>
        Answer(await inner.ResolveAsync(change, cancellationToken));

    public ValueTask<ReportPage> ListReportsAsync(string channel, string? before, int limit, CancellationToken cancellationToken) =>
        inner.ListReportsAsync(channel, before, limit, cancellationToken);

    public async ValueTask<BlockResult> BlockAsync(BlockChange change, CancellationToken cancellationToken) =>
        Answer(await inner.BlockAsync(change, cancellationToken));

    public ValueTask<IReadOnlyList<string>> ListBlockedAsync(string user, CancellationToken cancellationToken) => inner.ListBlockedAsync(user, cancellationToken);

    public ValueTask<ReadMark?> MoveReadMarkAsync(string channel, string user, long sequence, CancellationToken cancellationToken) =>
        inner.MoveReadMarkAsync(channel, user, sequence, cancellationToken);

    public ValueTask<IReadOnlyList<string>> ListOwnReactionsAsync(string channel, long sequence, string user, CancellationToken cancellationToken) =>
        inner.ListOwnReactionsAsync(channel, sequence, user, cancellationToken);

    private T Answer<T>(T answer)
    {
        if (!LosesAnswer) return answer;
        LosesAnswer = false;
        throw new StoreUnavailableException("The test lost the answer.");
    }
}
