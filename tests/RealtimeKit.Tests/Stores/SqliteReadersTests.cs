using System.Collections.Concurrent;
using FluentAssertions;
using RealtimeKit.Sqlite.Database;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>Reads wait for one another in their order, and not for ever.</summary>
public sealed class SqliteReadersTests : IDisposable
{
    private readonly TemporaryDatabase _database = new();
    private readonly ManualResetEventSlim _release = new();
    private SqliteWriter _writer = null!;
    private SqliteReaders _readers = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _release.Set();
        _readers.Dispose();
        _writer.Dispose();
        _database.Dispose();
        _release.Dispose();
    }

    [Fact]
    public async Task Read_that_gets_no_connection_in_time_is_unavailable()
    {
        var busy = await OccupyAsync(timeout: 0.5);
        (await _readers.Awaiting(readers => readers.RunAsync(_ => 1, Cancel).AsTask()).Should().ThrowAsync<StoreUnavailableException>())
            .WithMessage("*too busy*0.5 s*");
        _release.Set();
        await busy;
        (await _readers.RunAsync(_ => 2, Cancel)).Should().Be(2);
    }

    [Fact]
    public async Task Reads_run_in_the_order_in_which_they_came()
    {
        var busy = await OccupyAsync(timeout: 60);
        var order = new ConcurrentQueue<int>();
        var waiting = Enumerable.Range(0, 20).Select(number => _readers.RunAsync(_ => { order.Enqueue(number); return number; }, Cancel).AsTask()).ToList();
        _release.Set();
        await busy;
        await Task.WhenAll(waiting);
        order.Should().Equal(Enumerable.Range(0, 20));
    }

    [Fact]
    public async Task Read_that_is_given_up_while_it_waits_never_begins()
    {
        var busy = await OccupyAsync(timeout: 60);
        using var cancellation = new CancellationTokenSource();
        var ran = false;
        var read = _readers.RunAsync(_ => ran = true, cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await read.Awaiting(one => one).Should().ThrowAsync<OperationCanceledException>();
        _release.Set();
        await busy;
        await _readers.RunAsync(_ => 1, Cancel);
        ran.Should().BeFalse();
    }

    private async Task<Task> OccupyAsync(double timeout)
    {
        var slots = new ReaderSlots(1, TimeSpan.FromSeconds(timeout));
        var database = new SqliteDatabase(_database.ConnectionString, TimeSpan.Zero, 100);
        _writer = new SqliteWriter(database, slots);
        _readers = new SqliteReaders(database, _writer, slots);
        var began = new TaskCompletionSource();
        var busy = _readers.RunAsync(_ => { began.SetResult(); _release.Wait(Cancel); return 0; }, Cancel).AsTask();
        await began.Task;
        return busy;
    }
}
