using RealtimeKit.InMemory;
using RealtimeKit.Simulation.Network;
using RealtimeKit.Simulation.Runs;
using RealtimeKit.Simulation.Time;
using RealtimeKit.Stores;

namespace RealtimeKit.Simulation.Servers;

/// <summary>
/// A node's store: every call travels to the database and back, and may be lost before or after it was carried out. As the contract
/// wants it, a call whose caller was told that it failed does not begin afterwards.
/// </summary>
/// <param name="scheduler">Where time passes.</param>
/// <param name="database">The database.</param>
/// <param name="link">The network between.</param>
/// <param name="process">The node.</param>
/// <param name="conditions">How well it all works.</param>
internal sealed class SimulatedStore(
    Scheduler scheduler, SimulatedDatabase database, SimulatedLink link, SimulatedProcess process, Conditions conditions) : IMessageStore, IChannelStore
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);
    private readonly TimeProvider _time = new VirtualTime(scheduler);

    public ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken) =>
        CallAsync(store => store.AppendAsync(changes, default), writes: true, changes.Count);

    public ValueTask<MessagePage?> ReadChangesAsync(string channel, long afterVersion, PageLimit limit, CancellationToken cancellationToken) =>
        CallAsync(store => store.ReadChangesAsync(channel, afterVersion, limit, default));

    public ValueTask<MessagePage?> ReadHistoryAsync(HistoryQuery query, CancellationToken cancellationToken) =>
        CallAsync(store => store.ReadHistoryAsync(query, default));

    public ValueTask<IReadOnlyList<ChannelHead>> ReadHeadsAsync(IReadOnlyCollection<string> channels, CancellationToken cancellationToken)
    {
        // The engine uses its list again.
        var names = channels.ToList();
        return CallAsync(store => store.ReadHeadsAsync(names, default));
    }

    public ValueTask<ChannelView?> FindAsync(string channel, string user, CancellationToken cancellationToken) =>
        CallAsync(store => store.FindAsync(channel, user, default));

    public ValueTask<CreateResult> CreateAsync(NewChannel channel, CancellationToken cancellationToken) =>
        CallAsync(store => store.CreateAsync(channel, default), writes: true);

    public ValueTask<bool> DeleteAsync(string channel, CancellationToken cancellationToken) =>
        CallAsync(store => store.DeleteAsync(channel, default), writes: true);

    public ValueTask<MemberResult> ApplyAsync(MemberChange change, CancellationToken cancellationToken) =>
        CallAsync(store => store.ApplyAsync(change, default), writes: true);

    public ValueTask<IReadOnlyList<MemberResult>> ApplyAsync(IReadOnlyList<MemberChange> changes, CancellationToken cancellationToken) =>
        CallAsync(store => store.ApplyAsync(changes, default), writes: true);

    public ValueTask<ChannelInfoPage> ListAllAsync(string prefix, string? after, int limit, CancellationToken cancellationToken) =>
        CallAsync(store => store.ListAllAsync(prefix, after, limit, default));

    public ValueTask<int> CountMembersAsync(string channel, int most, CancellationToken cancellationToken) =>
        CallAsync(store => store.CountMembersAsync(channel, most, default));

    public ValueTask<MemberPage> ListMembersAsync(string channel, string? after, int limit, CancellationToken cancellationToken) =>
        CallAsync(store => store.ListMembersAsync(channel, after, limit, default));

    public ValueTask<SettingsResult> UpdateAsync(SettingsChange change, CancellationToken cancellationToken) =>
        CallAsync(store => store.UpdateAsync(change, default));

    public ValueTask<ActionPage> ListActionsAsync(string channel, long? before, int limit, CancellationToken cancellationToken) =>
        CallAsync(store => store.ListActionsAsync(channel, before, limit, default));

    public ValueTask<BanPage> ListBansAsync(string channel, string? after, int limit, DateTimeOffset time, CancellationToken cancellationToken) =>
        CallAsync(store => store.ListBansAsync(channel, after, limit, time, default));

    public ValueTask<ChannelPage> ListChannelsAsync(string user, string? before, int limit, CancellationToken cancellationToken) =>
        CallAsync(store => store.ListChannelsAsync(user, before, limit, default));

    public async ValueTask RenewEpochsAsync(CancellationToken cancellationToken) =>
        await CallAsync(async store =>
        {
            await store.RenewEpochsAsync(default);
            return true;
        }, writes: true);

    public ValueTask<DirectoryPage> ListDirectoryAsync(DirectoryQuery query, CancellationToken cancellationToken) =>
        CallAsync(store => store.ListDirectoryAsync(query, default));

    public ValueTask<ReportResult> ReportAsync(ReportChange change, CancellationToken cancellationToken) =>
        CallAsync(store => store.ReportAsync(change, default), writes: true);

    public ValueTask<ResolveResult> ResolveAsync(ResolveChange change, CancellationToken cancellationToken) =>
        CallAsync(store => store.ResolveAsync(change, default), writes: true);

    public ValueTask<ReportPage> ListReportsAsync(string channel, string? before, int limit, CancellationToken cancellationToken) =>
        CallAsync(store => store.ListReportsAsync(channel, before, limit, default));

    public ValueTask<BlockResult> BlockAsync(BlockChange change, CancellationToken cancellationToken) =>
        CallAsync(store => store.BlockAsync(change, default), writes: true);

    public ValueTask<IReadOnlyList<string>> ListBlockedAsync(string user, CancellationToken cancellationToken) =>
        CallAsync(store => store.ListBlockedAsync(user, default));

    public ValueTask<ReadMark?> MoveReadMarkAsync(string channel, string user, long sequence, CancellationToken cancellationToken) =>
        CallAsync(store => store.MoveReadMarkAsync(channel, user, sequence, default), writes: true);

    public ValueTask<IReadOnlyList<string>> ListOwnReactionsAsync(string channel, long sequence, string user, CancellationToken cancellationToken) =>
        CallAsync(store => store.ListOwnReactionsAsync(channel, sequence, user, default));

    private ValueTask<T> CallAsync<T>(Func<InMemoryStore, ValueTask<T>> body, bool writes = false, int changes = 0)
    {
        var call = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = RunAsync(call, body, writes, changes);
        scheduler.After(Limit, process, () => call.TrySetException(new StoreUnavailableException("The simulated database did not answer in time.")));
        return new ValueTask<T>(call.Task);
    }

    private async Task RunAsync<T>(TaskCompletionSource<T> call, Func<InMemoryStore, ValueTask<T>> body, bool writes, int changes)
    {
        var (losses, resets) = (database.Losses, link.Resets);
        await Task.Delay(conditions.Delay(), _time);
        while (link.Holds(up: true)) await Task.Delay(Step, _time);
        if (IsLost(losses, resets) || conditions.Happens(conditions.FailsBefore))
        {
            Fail(call, "could not be reached");
            return;
        }

        if (writes) await Task.Delay(conditions.Commit() + conditions.Storing(changes), _time);
        if (IsLost(losses, resets))
        {
            Fail(call, "ended the call");
            return;
        }

        if (call.Task.IsCompleted) return;
        var result = await body(database.Content);
        await Task.Delay(conditions.Delay(), _time);
        while (link.Holds(up: false)) await Task.Delay(Step, _time);
        if (IsLost(losses, resets) || conditions.Happens(conditions.FailsAfter)) Fail(call, "did not answer");
        else scheduler.After(TimeSpan.Zero, process, () => call.TrySetResult(result));
    }

    private bool IsLost(int losses, int resets) => !database.IsUp || link.IsCut || losses != database.Losses || resets != link.Resets;

    private void Fail<T>(TaskCompletionSource<T> call, string what) =>
        scheduler.After(conditions.Delay(), process, () => call.TrySetException(new StoreUnavailableException($"The simulated database {what}.")));
}
