using System.Text;
using FluentAssertions;
using RealtimeKit.Delivery;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>What a channel's tail keeps for its readers, and what it leaves to the store.</summary>
public sealed class TailTests
{
    private const int Share = 64;

    private readonly TailBudget _budget = new(perChannel: Share, perNode: 1_000);
    private readonly Tail _tail;

    public TailTests() => _tail = new Tail(_budget);

    [Fact]
    public void After_a_hole_only_what_follows_it_is_served()
    {
        AddAll(1, 3);
        _tail.Add(7, Frame("7")).Should().BeTrue();
        _tail.CanTake(3).Should().BeFalse("4 to 6 are not here");
        _tail.CanTake(6).Should().BeTrue();
        Take(6).Should().Be("7");
        _budget.Used.Should().Be(1, "what came before the hole is given up");
    }

    [Fact]
    public void What_is_at_or_behind_the_head_is_ignored()
    {
        AddAll(1, 3);
        _tail.Add(3, Frame("again")).Should().BeFalse();
        _tail.Observe(3).Should().BeFalse();
        Take(0).Should().Be("123");
    }

    [Fact]
    public void Readers_at_the_floor_are_served_and_those_below_it_are_not()
    {
        _tail.Observe(4).Should().BeTrue();
        AddAll(5, 6);
        _tail.CanTake(3).Should().BeFalse();
        _tail.CanTake(4).Should().BeTrue();
        Take(4).Should().Be("56");
    }

    [Fact]
    public void A_frame_for_several_versions_is_taken_whole_or_not_at_all()
    {
        AddAll(1, 1);
        _tail.AddRange(4, Frame("2-4"));
        AddAll(5, 5);
        _tail.CanTake(2).Should().BeFalse("the frame has what this reader has");
        _tail.CanTake(1).Should().BeTrue();
        _tail.CanTake(4).Should().BeTrue();

        using var output = new FrameBuffer();
        var cursor = 1L;
        _tail.Take(ref cursor, output, most: 1).Should().Be(3, "the frame covers three versions");
        cursor.Should().Be(4);
        Take(cursor).Should().Be("5");
    }

    [Fact]
    public void A_frame_for_too_many_versions_only_moves_the_head()
    {
        AddAll(1, 1);
        _tail.AddRange(1_025, Frame("2-1025"));
        _tail.CanTake(1).Should().BeTrue("a frame has 1,024 at most");
        _tail.AddRange(2_050, Frame("1026-2050"));
        _tail.Head.Should().Be(2_050);
        _tail.CanTake(1_025).Should().BeFalse();
        _budget.Used.Should().Be(0);
    }

    [Fact]
    public void Nothing_is_dropped_that_a_reader_has_not_passed_and_the_rest_only_until_the_share_is_kept()
    {
        for (var version = 1; version <= 5; version++) _tail.Add(version, Large());
        _tail.IsOver.Should().BeTrue();
        _tail.Trim(passed: 1);
        _tail.Floor.Should().Be(1, "a reader is at version 1");
        _tail.Trim(passed: long.MaxValue);
        _tail.Floor.Should().Be(2, "three frames are within the share");
        _budget.Used.Should().Be(3 * Large().Length);
        _tail.IsOver.Should().BeFalse();
    }

    [Fact]
    public void A_tail_that_could_not_be_trimmed_is_looked_at_again_only_when_it_has_grown_by_a_sixteenth_of_the_share()
    {
        for (var version = 1; version <= 5; version++) _tail.Add(version, Large());
        _tail.Trim(passed: 0);
        _tail.IsOver.Should().BeFalse();
        _tail.Add(6, new byte[Share / 16]);
        _tail.IsOver.Should().BeFalse();
        _tail.Add(7, new byte[1]);
        _tail.IsOver.Should().BeTrue();
        _tail.Release();
        for (var version = 8; version <= 11; version++) _tail.Add(version, Large());
        _tail.IsOver.Should().BeTrue("it begins anew with the share");
    }

    [Fact]
    public void The_newest_frame_stays_whatever_its_size()
    {
        AddAll(1, 1);
        _tail.Add(2, new byte[2_000]);
        _tail.IsOver.Should().BeTrue();
        _tail.Trim(long.MaxValue);
        _tail.Floor.Should().Be(1);
        _tail.IsOver.Should().BeFalse();
        _tail.AddRange(5, new byte[2_000]);
        _tail.Trim(long.MaxValue);
        _tail.Floor.Should().Be(2, "the frame and all that it covers are one");
        _tail.CanTake(2).Should().BeTrue();
    }

    [Fact]
    public void When_the_nodes_share_is_spent_a_small_tail_is_trimmed_too_whoever_still_reads()
    {
        AddAll(1, 3);
        _tail.IsOver.Should().BeFalse();
        _budget.Add(1_000);
        _tail.IsOver.Should().BeTrue();
        _tail.Trim(passed: 0);
        _tail.Floor.Should().Be(2);
    }

    [Fact]
    public void All_bytes_are_given_back_to_the_nodes_share()
    {
        for (var version = 1; version <= 5; version++) _tail.Add(version, Large());
        _tail.Trim(long.MaxValue);
        _budget.Used.Should().Be(3 * Large().Length);
        _tail.Release();
        _budget.Used.Should().Be(0);
        _tail.Head.Should().Be(5, "the head is still known");
        AddAll(6, 7);
        _tail.Reset();
        _budget.Used.Should().Be(0);
        _tail.Head.Should().Be(-1);
    }

    [Fact]
    public void The_head_goes_back_only_from_where_it_was_thought_to_be()
    {
        AddAll(1, 3);
        _tail.GoBack(known: 2, version: 1);
        _tail.Head.Should().Be(3, "it has moved since");
        Take(0).Should().Be("123");
        _tail.GoBack(known: 3, version: 1);
        _tail.Head.Should().Be(1);
        _tail.CanTake(0).Should().BeFalse();
    }

    [Fact]
    public void Whatever_is_added_and_dropped_the_rest_comes_whole_and_in_order()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var (random, tail) = (new Random(seed), new Tail(new TailBudget(Share, 1_000)));
            for (var version = 1L; version <= 200; version++)
            {
                tail.Add(version, Frame($"{version} "));
                if (random.Next(4) == 0) tail.Trim(random.NextInt64(version));
                if (random.Next(50) == 0) tail.Release();
                using var output = new FrameBuffer();
                var (cursor, floor) = (tail.Floor, tail.Floor);
                while (tail.Take(ref cursor, output, output.Length + random.Next(1, 9)) > 0)
                {
                }

                Encoding.UTF8.GetString(output.WrittenSpan).Should().Be(string.Concat(Range(floor + 1, version).Select(number => $"{number} ")));
            }
        }
    }

    // A frame of a quarter of the share and a little more.
    private static byte[] Large() => new byte[(Share / 4) + 4];

    private static byte[] Frame(string text) => Encoding.UTF8.GetBytes(text);

    private static IEnumerable<long> Range(long from, long to) => Enumerable.Range(0, (int)(to - from + 1)).Select(offset => from + offset);

    private void AddAll(long from, long to)
    {
        foreach (var version in Range(from, to)) _tail.Add(version, Frame($"{version}")).Should().BeTrue();
    }

    private string Take(long cursor)
    {
        using var output = new FrameBuffer();
        _tail.Take(ref cursor, output, most: 1_000);
        cursor.Should().Be(_tail.Head);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
