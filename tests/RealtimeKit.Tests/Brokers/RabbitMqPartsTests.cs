using System.Text;
using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.RabbitMQ.Connection;
using RealtimeKit.RabbitMQ.Publishing;
using RealtimeKit.RabbitMQ.Routing;
using Xunit;

namespace RealtimeKit.Tests.Brokers;

/// <summary>The parts of the RabbitMQ broker that need no server to be wrong.</summary>
public sealed class RabbitMqPartsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Nodes of different versions meet on one exchange: these numbers never change.
    [Theory]
    [InlineData("", 0x811c9dc5 % 256)]
    [InlineData("a", 0xe40c292c % 256)]
    [InlineData("foobar", 0xbf9cf968 % 256)]
    public void Partition_is_FNV_1a(string channel, uint partition) => new Partitions(256).Of(channel).Should().Be((int)partition);

    [Fact]
    public void Channels_spread_evenly_over_the_partitions()
    {
        var partitions = new Partitions(256);
        var counts = Enumerable.Range(0, 25_600).CountBy(number => partitions.Of($"room-{number}")).Select(pair => pair.Value).ToList();
        counts.Should().HaveCount(256);
        counts.Max().Should().BeLessThan(200);
    }

    [Theory]
    [InlineData("lobby", "hello")]
    [InlineData("$nodes", "")]
    [InlineData("räume 🙂", "x")]
    public void Envelopes_come_out_as_they_went_in(string channel, string payload)
    {
        var buffer = new byte[Envelope.MaxLength(channel, Encoding.UTF8.GetByteCount(payload))];
        var length = Envelope.Write(buffer, 7, channel, Encoding.UTF8.GetBytes(payload), out var written);
        Envelope.TryRead(buffer.AsSpan(0, length), out var node, out var name, out var read).Should().BeTrue();
        (node, Encoding.UTF8.GetString(name), Encoding.UTF8.GetString(written), Encoding.UTF8.GetString(read)).Should().Be((7UL, channel, channel, payload));
        for (var cut = 0; cut < length - payload.Length; cut++) Envelope.TryRead(buffer.AsSpan(0, cut), out _, out _, out _).Should().BeFalse();
        buffer[0]++;
        Envelope.TryRead(buffer, out _, out _, out _).Should().BeFalse("another version's envelope is not read");
    }

    [Fact]
    public async Task Refused_publications_are_noted_and_confirmed_ones_make_room()
    {
        var lost = new List<string>();
        var unconfirmed = new Unconfirmed(4, lost.Add, new FakeTimeProvider());
        foreach (var channel in new[] { "a", "b", "c", "d" }) await unconfirmed.EnterAsync(channel, Cancel);
        var fifth = unconfirmed.EnterAsync("e", Cancel);
        unconfirmed.Settle(2, multiple: false, taken: false);
        unconfirmed.Settle(9, multiple: true, taken: false);
        fifth.IsCompleted.Should().BeFalse("the oldest is not confirmed yet");
        unconfirmed.Settle(1, multiple: false, taken: true);
        await fifth;
        lost.Should().Equal("b");
        unconfirmed.Settle(4, multiple: true, taken: false);
        lost.Should().Equal("b", "c", "d");
        unconfirmed.IsEmpty.Should().BeFalse();
        unconfirmed.Lose();
        lost.Should().Equal("b", "c", "d", "e");
        unconfirmed.IsEmpty.Should().BeTrue();
    }

    [Fact]
    public async Task Age_is_that_of_the_oldest_and_begins_anew_after_a_block()
    {
        var time = new FakeTimeProvider();
        var unconfirmed = new Unconfirmed(4, _ => { }, time);
        unconfirmed.Age(0).Should().Be(TimeSpan.Zero);
        await unconfirmed.EnterAsync("a", Cancel);
        time.Advance(TimeSpan.FromSeconds(3));
        await unconfirmed.EnterAsync("b", Cancel);
        time.Advance(TimeSpan.FromSeconds(1));
        unconfirmed.Age(0).Should().Be(TimeSpan.FromSeconds(4));
        unconfirmed.Age(time.GetTimestamp()).Should().Be(TimeSpan.Zero);
        unconfirmed.Settle(1, multiple: false, taken: true);
        unconfirmed.Age(0).Should().Be(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_queue_is_full_by_number_or_by_bytes()
    {
        var byNumber = new PublishQueue(2, 1_000);
        Enumerable.Range(0, 3).Select(_ => byNumber.TryEnqueue(new Publication("a", 0, [], 1))).Should().Equal(true, true, false);
        var byBytes = new PublishQueue(100, 1_000);
        Enumerable.Range(0, 3).Select(_ => byBytes.TryEnqueue(new Publication("a", 0, [], 400))).Should().Equal(true, true, false);
        byBytes.TryDequeue(out _).Should().BeTrue();
        byBytes.TryEnqueue(new Publication("a", 0, [], 600)).Should().BeTrue();
    }

    [Fact]
    public void Pauses_grow_to_the_limit_and_differ_between_nodes()
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(5));
        var pauses = Enumerable.Range(0, 12).Select(_ => backoff.Next()).ToList();
        pauses[0].Should().BeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(50)).And.BeLessThanOrEqualTo(TimeSpan.FromMilliseconds(100));
        pauses[^1].Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(2.5)).And.BeLessThanOrEqualTo(TimeSpan.FromSeconds(5));
        pauses[^4..].Distinct().Should().HaveCountGreaterThan(1);
        backoff.Reset();
        backoff.Next().Should().BeLessThanOrEqualTo(TimeSpan.FromMilliseconds(100));
    }
}
