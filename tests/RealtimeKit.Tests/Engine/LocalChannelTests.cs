using System.Text;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Delivery;
using RealtimeKit.Hosting;
using RealtimeKit.Presence;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Which events a channel takes, and how long it keeps them for its readers.</summary>
public sealed class LocalChannelTests : IAsyncLifetime
{
    private const int Share = 64;

    private readonly TailBudget _budget = new(perChannel: Share, perNode: 400);
    private readonly LocalChannel _channel;
    private TestNode _node = null!;
    private TestClient _client = null!;

    public LocalChannelTests() => _channel = new LocalChannel("a", _budget);

    public async ValueTask InitializeAsync()
    {
        _node = await TestNode.StartAsync();
        _client = await _node.ConnectAsync("ann");
        _channel.Begin(new ChannelHead("a", "e", 0, 0, Revision: 0));
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public void Events_are_kept_until_the_last_reader_has_them()
    {
        var (quick, slow) = (Reader(), Reader());
        Append(1);
        Take(quick).Should().Be("1");
        Take(quick).Should().BeEmpty("it is level, and counts once");
        Append(2);
        Take(quick).Should().Be("2");
        Take(slow).Should().Be("12");
        _budget.Used.Should().Be(0, "all have it");
    }

    [Fact]
    public void A_reader_who_leaves_takes_nothing_from_the_others()
    {
        var (leaving, staying) = (Reader(), Reader());
        Append(1);
        Take(leaving).Should().Be("1");
        _channel.Remove(leaving);
        Take(staying).Should().Be("1");
    }

    [Fact]
    public void Nothing_is_kept_for_a_reader_who_left_nor_where_there_is_none()
    {
        var (leaving, staying) = (Reader(), Reader());
        Append(1);
        Take(staying).Should().Be("1");
        _budget.Used.Should().Be(1);
        _channel.Remove(leaving);
        _budget.Used.Should().Be(0);
        _channel.Remove(staying);
        Append(2);
        _budget.Used.Should().Be(0);
    }

    [Fact]
    public void Whoever_joins_at_the_head_is_level()
    {
        Reader();
        Append(1);
        var late = Reader(at: 1);
        _channel.Remove(_channel.Readers()[0]);
        _budget.Used.Should().Be(0);
        _channel.Readers().Should().Equal(late);
    }

    [Fact]
    public void The_next_event_is_taken_and_one_after_a_hole_is_not()
    {
        var reader = Reader();
        Next(1).Should().BeTrue();
        Next(3).Should().BeFalse("2 is missing");
        _channel.Head.Should().Be(1);
        Next(1).Should().BeTrue("it is here already");
        _channel.TryAppendNext(new ChannelPosition("f", 3), "x"u8.ToArray()).Should().BeTrue("it is another channel's, and nothing is missing");
        Next(2).Should().BeTrue();
        Take(reader).Should().Be("12");
    }

    [Fact]
    public void A_range_is_taken_only_where_it_was_read_from()
    {
        var reader = Reader();
        Append(1);
        _channel.TryAppendRange(new ChannelPosition("f", 3), 1, "x"u8.ToArray()).Should().BeFalse("it is another channel's");
        _channel.TryAppendRange(new ChannelPosition("e", 3), 0, "x"u8.ToArray()).Should().BeFalse("there is more by now");
        _channel.TryAppendRange(new ChannelPosition("e", 3), 1, "2-3"u8.ToArray()).Should().BeTrue();
        Take(reader).Should().Be("12-3");
    }

    [Fact]
    public void A_reader_who_is_served_from_the_store_keeps_nothing_here()
    {
        var (reader, other) = (Reader(), Reader());
        reader.Reading = true;
        for (var version = 1; version <= 10; version++)
        {
            Next(version, new string('x', 20));
            Take(other).Should().HaveLength(20);
        }

        _budget.Used.Should().BeLessThan(2 * Share);
    }

    [Fact]
    public void No_more_is_kept_than_the_node_may_hold_whoever_still_reads()
    {
        Reader();
        for (var version = 1; version <= 40; version++) Next(version, new string('x', 20));
        _budget.Used.Should().BeLessThanOrEqualTo(400);
        Take(Reader()).Should().BeNull("what it lacks is read from the store");
    }

    [Fact]
    public void Of_events_that_came_before_the_head_was_read_only_those_of_its_channel_count()
    {
        var early = new LocalChannel("a", _budget);
        early.Append(new ChannelPosition("deleted", 57), "x"u8.ToArray());
        early.Append(new ChannelPosition("e", 1), "1"u8.ToArray());
        early.Begin(new ChannelHead("a", "e", 1, 1, Revision: 0));
        early.Head.Should().Be(1);
    }

    [Fact]
    public async Task A_signal_goes_to_whom_it_is_meant_for()
    {
        var output = Reader().Output;
        _channel.Signal("""{"type":"own"}"""u8, except: output);
        _channel.Signal("""{"type":"others"}"""u8, user: "bob");
        _channel.Signal("""{"type":"hers"}"""u8, user: "ann");
        var first = await _client.WaitAsync(frame => frame.GetProperty("type").GetString() is "own" or "others" or "hers", "a signal");
        first.GetProperty("type").GetString().Should().Be("hers");
    }

    [Fact]
    public void Rights_are_looked_at_when_the_revision_moves_on()
    {
        _channel.Begin(new ChannelHead("a", "e", 0, 0, Revision: 7));
        _channel.Revise(7).Should().BeFalse();
        _channel.Revise(8).Should().BeTrue();
        _channel.Revise(7).Should().BeFalse();
        _channel.Revision.Should().Be(8);
    }

    // One whose connection writes nothing: a test takes for it.
    private Subscription Reader(long at = 0)
    {
        var session = _node.Services.GetRequiredService<RealtimeNode>().Sessions.All.Single();
        var subscription = new Subscription(new ConnectedUser("ann"), session.Output, _channel, new ChannelPosition("e", at), session);
        subscription.TryMark();
        _channel.Add(subscription);
        return subscription;
    }

    private void Append(long version) => _channel.Append(new ChannelPosition("e", version), Encoding.UTF8.GetBytes($"{version}"));

    private bool Next(long version, string? frame = null) =>
        _channel.TryAppendNext(new ChannelPosition("e", version), Encoding.UTF8.GetBytes(frame ?? $"{version}"));

    /// <summary>What a reader gets from here; null where it has to read from the store.</summary>
    private string? Take(Subscription reader)
    {
        using var output = new FrameBuffer();
        var result = _channel.Take(reader, output, 1_000);
        return result == TakeResult.BehindTail ? null : Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
