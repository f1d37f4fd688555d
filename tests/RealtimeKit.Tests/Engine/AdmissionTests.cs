using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.Tests.Engine.Nodes;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Many senders are held because readers wait too long.</summary>
public sealed class AdmissionTests
{
    private const int Senders = 50;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_is_let_through_goes_on_though_others_are_still_held()
    {
        await using var node = await TestNode.StartAsync();
        var time = new FakeTimeProvider();
        var turns = new WriteTurns(time);
        var admission = new Admission(turns, node.Services.GetRequiredService<RealtimeNode>().Appends);
        using var first = new ManualResetEventSlim();
        using var others = new ManualResetEventSlim();
        // Each thread that writes is held in a write; one more waits for its turn, and waits too long.
        var writing = Enumerable.Range(0, Environment.ProcessorCount).Select(number => new Writer(() => (number == 0 ? first : others).Wait(Cancel))).ToList();
        foreach (var writer in writing) turns.Enqueue(writer);
        await Until.TrueAsync(() => writing.TrueForAll(static writer => writer.HasBegun), "all turns are taken");
        turns.Enqueue(new Writer(() => turns.Enqueue(new Writer(() =>
        {
            turns.Enqueue(new Writer(static () => { }));
            time.Advance(2 * WriteTurns.LongestWait);
            others.Wait(Cancel);
        }))));
        time.Advance(2 * WriteTurns.LongestWait);
        var senders = Enumerable.Range(0, Senders).Select(number => admission.WaitAsync($"user-{number}", Cancel)).ToList();
        senders.Should().OnlyContain(static sender => !sender.IsCompleted);

        // One turn ends without debt, and the next one waits too long again.
        first.Set();

        await Until.TrueAsync(() => senders.Exists(static sender => sender.IsCompleted), "some senders go on");
        senders.Should().Contain(static sender => !sender.IsCompleted);
        others.Set();
        await Task.WhenAll(senders).WaitAsync(Cancel);
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
