using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.Delivery;
using RealtimeKit.Hosting;
using RealtimeKit.Messages;
using RealtimeKit.Tests.Engine.Nodes;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Many are held because readers wait too long.</summary>
public sealed class AdmissionTests : IDisposable
{
    private const int Many = 50;

    private readonly FakeTimeProvider _time = new();
    private readonly WriteTurns _turns;
    private readonly ManualResetEventSlim _first = new();
    private readonly ManualResetEventSlim _others = new();

    public AdmissionTests() => _turns = new WriteTurns(_time);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        // Where a test failed, threads still wait.
        _first.Set();
        _others.Set();
        _first.Dispose();
        _others.Dispose();
    }

    [Fact]
    public async Task Who_is_let_through_goes_on_though_others_are_still_held()
    {
        await using var node = await TestNode.StartAsync();
        var admission = new Admission(_turns, node.Services.GetRequiredService<RealtimeNode>().Appends);
        await BeginDebtAsync();
        var senders = Enumerable.Range(0, Many).Select(number => admission.WaitAsync($"user-{number}", Cancel)).ToList();
        senders.Should().OnlyContain(static sender => !sender.IsCompleted);

        // One turn ends without debt, and the next one waits too long again.
        _first.Set();

        await Until.TrueAsync(() => senders.Exists(static sender => sender.IsCompleted), "some senders go on");
        senders.Should().Contain(static sender => !sender.IsCompleted);
        _others.Set();
        await Task.WhenAll(senders).WaitAsync(Cancel);
    }

    [Fact]
    public async Task A_crowd_that_connects_waits_and_holds_up_nobody_who_sends()
    {
        await BeginDebtAsync();
        var arrivals = Enumerable.Range(0, Many).Select(_ => _turns.WaitToArriveAsync()).ToList();
        var sender = _turns.WaitUntilPaidAsync();
        arrivals.Should().OnlyContain(static arrival => !arrival.IsCompleted);
        sender.IsCompleted.Should().BeFalse();

        _first.Set();

        await Until.TrueAsync(() => sender.IsCompleted, "the sender goes on");
        arrivals.Should().Contain(static arrival => !arrival.IsCompleted);
        _others.Set();
        await Task.WhenAll(arrivals).WaitAsync(Cancel);
    }

    // Each thread that writes is held in a write, and one more waits for its turn, too long. When the first goes on, one turn ends
    // without debt; in the next one there is debt again.
    private async Task BeginDebtAsync()
    {
        var writing = Enumerable.Range(0, Environment.ProcessorCount).Select(number => new Writer(() => (number == 0 ? _first : _others).Wait(Cancel))).ToList();
        foreach (var writer in writing) _turns.Enqueue(writer);
        await Until.TrueAsync(() => writing.TrueForAll(static writer => writer.HasBegun), "all turns are taken");
        _turns.Enqueue(new Writer(() => _turns.Enqueue(new Writer(() =>
        {
            _turns.Enqueue(new Writer(static () => { }));
            _time.Advance(2 * WriteTurns.LongestWait);
            _others.Wait(Cancel);
        }))));
        _time.Advance(2 * WriteTurns.LongestWait);
    }

    private sealed class Writer(Action write) : IWriter
    {
        private volatile bool _hasBegun;

        public long AskedAt { get; set; }

        public bool HasBegun => _hasBegun;

        public long Write()
        {
            _hasBegun = true;
            write();
            // As much as a turn holds.
            return 64 * 1_024;
        }
    }
}
