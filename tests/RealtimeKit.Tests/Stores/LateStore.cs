using RealtimeKit.InMemory;
using RealtimeKit.Stores;

namespace RealtimeKit.Tests.Stores;

/// <summary>
/// A faulty store: a call that was cancelled while it waited for its turn is carried out all the same, after later ones. It shows that the
/// suites find such a store.
/// </summary>
internal sealed class LateStore : IMessageStore, IChannelStore, IDisposable
{
    private const int CallsBetween = 3;

    private readonly InMemoryStore _inner = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Queue<(int After, Func<Task> Call)> _late = [];
    private int _calls;

    public ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken) =>
        RunAsync(() => _inner.AppendAsync(changes, default), cancellationToken);

    public ValueTask<CreateResult> CreateAsync(NewChannel channel, CancellationToken cancellationToken) =>
        RunAsync(() => _inner.CreateAsync(channel, default), cancellationToken);

    public ValueTask<bool> DeleteAsync(string channel, CancellationToken cancellationToken) =>
        RunAsync(() => _inner.DeleteAsync(channel, default), cancellationToken);

    public ValueTask<MemberResult> ApplyAsync(MemberChange change, CancellationToken cancellationToken) =>
        RunAsync(() => _inner.ApplyAsync(change, default), cancellationToken);

    public ValueTask<MessagePage?> ReadChangesAsync(string channel, long afterVersion, PageLimit limit, CancellationToken cancellationToken) =>
        _inner.ReadChangesAsync(channel, afterVersion, limit, cancellationToken);

    public ValueTask<MessagePage?> ReadHistoryAsync(HistoryQuery query, CancellationToken cancellationToken) => _inner.ReadHistoryAsync(query, cancellationToken);

    public ValueTask<IReadOnlyList<ChannelHead>> ReadHeadsAsync(IReadOnlyCollection<string> channels, CancellationToken cancellationToken) =>
        _inner.ReadHeadsAsync(channels, cancellationToken);

    public ValueTask<ChannelView?> FindAsync(string channel, string user, CancellationToken cancellationToken) => _inner.FindAsync(channel, user, cancellationToken);

    public ValueTask RenewEpochsAsync(CancellationToken cancellationToken) => _inner.RenewEpochsAsync(cancellationToken);

    public ValueTask<SettingsResult> UpdateAsync(SettingsChange change, CancellationToken cancellationToken) => _inner.UpdateAsync(change, cancellationToken);

    public ValueTask<ActionPage> ListActionsAsync(string channel, long? before, int limit, CancellationToken cancellationToken) =>
        _inner.ListActionsAsync(channel, before, limit, cancellationToken);

    public ValueTask<BanPage> ListBansAsync(string channel, string? after, int limit, DateTimeOffset time, CancellationToken cancellationToken) =>
        _inner.ListBansAsync(channel, after, limit, time, cancellationToken);

    public ValueTask<int> CountMembersAsync(string channel, int most, CancellationToken cancellationToken) =>
        _inner.CountMembersAsync(channel, most, cancellationToken);

    public ValueTask<IReadOnlyList<MemberResult>> ApplyAsync(IReadOnlyList<MemberChange> changes, CancellationToken cancellationToken) =>
        RunAsync(() => _inner.ApplyAsync(changes, default), cancellationToken);

    public ValueTask<ChannelInfoPage> ListAllAsync(string prefix, string? after, int limit, CancellationToken cancellationToken) =>
        _inner.ListAllAsync(prefix, after, limit, cancellationToken);

    public ValueTask<MemberPage> ListMembersAsync(string channel, string? after, int limit, CancellationToken cancellationToken) =>
        _inner.ListMembersAsync(channel, after, limit, cancellationToken);

    public ValueTask<ChannelPage> ListChannelsAsync(string user, string? before, int limit, CancellationToken cancellationToken) =>
        _inner.ListChannelsAsync(user, before, limit, cancellationToken);

    public ValueTask<DirectoryPage> ListDirectoryAsync(DirectoryQuery query, CancellationToken cancellationToken) => _inner.ListDirectoryAsync(query, cancellationToken);

    public ValueTask<ReportResult> ReportAsync(ReportChange change, CancellationToken cancellationToken) =>
        RunAsync(() => _inner.ReportAsync(change, default), cancellationToken);

    public ValueTask<ResolveResult> ResolveAsync(ResolveChange change, CancellationToken cancellationToken) =>
        RunAsync(() => _inner.ResolveAsync(change, default), cancellationToken);

    public ValueTask<ReportPage> ListReportsAsync(string channel, string? before, int limit, CancellationToken cancellationToken) =>
        _inner.ListReportsAsync(channel, before, limit, cancellationToken);

    public ValueTask<BlockResult> BlockAsync(BlockChange change, CancellationToken cancellationToken) =>
        RunAsync(() => _inner.BlockAsync(change, default), cancellationToken);

    public ValueTask<IReadOnlyList<string>> ListBlockedAsync(string user, CancellationToken cancellationToken) => _inner.ListBlockedAsync(user, cancellationToken);

    public ValueTask<ReadMark?> MoveReadMarkAsync(string channel, string user, long sequence, CancellationToken cancellationToken) =>
        _inner.MoveReadMarkAsync(channel, user, sequence, cancellationToken);

    public ValueTask<IReadOnlyList<string>> ListOwnReactionsAsync(string channel, long sequence, string user, CancellationToken cancellationToken) =>
        _inner.ListOwnReactionsAsync(channel, sequence, user, cancellationToken);

    private async ValueTask<T> RunAsync<T>(Func<ValueTask<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            await _turn.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The fault.
            lock (_late) _late.Enqueue((_calls + CallsBetween, async () => await call()));
            throw;
        }

        try
        {
            _calls++;
            var result = await call();
            while (TryTakeLate(out var late)) await late();
            return result;
        }
        finally
        {
            _turn.Release();
        }
    }

    private bool TryTakeLate(out Func<Task> call)
    {
        lock (_late)
        {
            var isDue = _late.TryPeek(out var next) && next.After <= _calls;
            call = isDue ? _late.Dequeue().Call : () => Task.CompletedTask;
            return isDue;
        }
    }

    public void Dispose() => _turn.Dispose();
}
