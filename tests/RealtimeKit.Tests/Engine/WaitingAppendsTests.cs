using FluentAssertions;
using RealtimeKit.Messages;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Whose changes come into the next batch.</summary>
public sealed class WaitingAppendsTests
{
    private const int Unbounded = int.MaxValue;

    private readonly WaitingAppends _waiting = new();
    private readonly Dictionary<string, int> _added = [];

    [Fact]
    public void Who_has_few_changes_waiting_comes_before_those_who_have_many()
    {
        for (var flood = 0; flood < 100; flood++) Add($"flood{flood}", 64);
        for (var light = 0; light < 32; light++) Add($"light{light}", 2);

        // Sixty-four changes of light users, then the turn of one who has many.
        Take(128).Select(append => append.User).Distinct().Should().HaveCount(33);
        Users(Take(128)).Should().Equal("flood1:64", "flood2:64");
    }

    [Fact]
    public void What_one_user_sent_lies_together()
    {
        for (var change = 0; change < 64; change++)
            for (var flood = 0; flood < 16; flood++) Add($"flood{flood}", 1);

        Users(Take(512)).Should().Equal(Enumerable.Range(0, 8).Select(flood => $"flood{flood}:64"));
        Users(Take(512)).Should().Equal(Enumerable.Range(8, 8).Select(flood => $"flood{flood}:64"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(512)]
    public void Nobody_waits_for_ever(int mostChanges)
    {
        Add("flood", 1_000);
        Add("other", 20);
        var (flood, other) = (0, 0);
        for (var taken = 0; taken < 2_000; taken += mostChanges)
        {
            // Light users all the time.
            for (var light = 0; light < mostChanges + 1; light++) Add($"light{taken}-{light}", 1);
            var batch = Take(mostChanges);
            batch.Should().HaveCount(mostChanges);
            flood += batch.Count(append => append.User == "flood");
            other += batch.Count(append => append.User == "other");
        }

        other.Should().Be(20);
        flood.Should().BeGreaterThan(500, "light users have half of the batches at most");
    }

    [Fact]
    public void Whose_next_change_does_not_fit_any_more_is_the_first_of_the_next_batch()
    {
        Add("small", 100);
        Add("large", 20, new string('x', 40_000));
        Add("next", 100);
        Users(Take(512, 40_000)).Should().Equal("small:64");
        Users(Take(512, 40_000)).Should().Equal("large:1");
        Users(Take(512, 40_000)).Should().Equal("next:64", "small:36");
        Users(Take(512, 40_000)).Should().Equal("large:1");
    }

    [Fact]
    public void A_turn_of_large_changes_ends_at_256_KiB()
    {
        Add("ann", 30, new string('x', 32 * 1_024));
        Add("ben", 30, new string('x', 32 * 1_024));
        Users(Take(512, 2 * 1_024 * 1_024)).Should().Equal("ann:8", "ben:8", "ann:8", "ben:8", "ann:8", "ben:8", "ann:6", "ben:6");
    }

    [Fact]
    public void Every_change_comes_once_and_each_users_in_their_order()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var next = new Dictionary<string, int>();
        for (var round = 0; round < 2_000 || _waiting.Count > 0; round++)
        {
            for (var adds = round < 2_000 ? random.Next(40) : 0; adds > 0; adds--)
                Add($"user{(int)(20 * Math.Pow(random.NextDouble(), 3))}", 1, new string('x', random.Next(3) == 0 ? random.Next(60_000) : 10));
            foreach (var append in Take(1 + random.Next(100), random.Next(200_000)))
            {
                var number = int.Parse(((PostChange)append.Change).Channel, System.Globalization.CultureInfo.InvariantCulture);
                number.Should().Be(next.GetValueOrDefault(append.User), $"{append.User}'s changes keep their order, seed {seed}");
                next[append.User] = number + 1;
                append.Next.Should().BeNull("what was taken holds on to nothing");
            }
        }

        next.Should().BeEquivalentTo(_added);
        (_waiting.Count, _waiting.Bytes).Should().Be((0, 0L));
        _added.Keys.Should().OnlyContain(user => !_waiting.Has(user));
    }

    [Fact]
    public void A_held_users_changes_wait_and_those_put_back_come_first()
    {
        Add("ann", 10);
        Add("ben", 10);
        var taken = Take(12);
        Users(taken).Should().Equal("ann:10", "ben:2");
        _waiting.Hold("ben");
        Add("ben", 3);
        Add("cid", 1);
        Users(Take(100)).Should().Equal("cid:1");
        Empty();
        _waiting.Release("ben", taken[10..]);
        Take(100).Select(Number).Should().Equal(Enumerable.Range(0, 13));
        _waiting.Hold("ann");
        _waiting.Release("ann", []);
        _waiting.Has("ann").Should().BeFalse();
        _waiting.Hold("ann");
        _waiting.Release("ann", taken[..2]);
        Add("ann", 1);
        Take(100).Select(Number).Should().Equal(0, 1, 10);
        Empty();
    }

    [Fact]
    public void Holding_and_releasing_keeps_each_users_order()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var next = new Dictionary<string, int>();
        var held = new Dictionary<string, List<PendingAppend>>();
        for (var round = 0; round < 2_000 || _waiting.Count > 0 || held.Count > 0; round++)
        {
            for (var adds = round < 2_000 ? random.Next(40) : 0; adds > 0; adds--) Add($"user{random.Next(12)}", 1);
            foreach (var user in held.Keys.Where(_ => random.Next(3) == 0).ToList())
            {
                held.Remove(user, out var first);
                _waiting.Release(user, first!);
            }

            var batch = new List<PendingAppend>();
            _waiting.Fill(batch, 1 + random.Next(100), Unbounded);
            foreach (var ofUser in batch.GroupBy(append => append.User))
            {
                held.Should().NotContainKey(ofUser.Key, $"held, seed {seed}");
                // Some are done, the others go back.
                var done = random.Next(2) == 0 ? ofUser.Count() : random.Next(ofUser.Count());
                foreach (var append in ofUser.Take(done))
                {
                    Number(append).Should().Be(next.GetValueOrDefault(ofUser.Key), $"{ofUser.Key}'s changes keep their order, seed {seed}");
                    next[ofUser.Key] = Number(append) + 1;
                }

                if (done == ofUser.Count()) continue;
                _waiting.Hold(ofUser.Key);
                held.Add(ofUser.Key, [.. ofUser.Skip(done)]);
            }
        }

        next.Should().BeEquivalentTo(_added);
        Empty();
    }

    private void Empty()
    {
        var batch = new List<PendingAppend>();
        _waiting.Fill(batch, 100, Unbounded);
        batch.Should().BeEmpty();
    }

    private static int Number(PendingAppend append) => int.Parse(append.Change.Channel, System.Globalization.CultureInfo.InvariantCulture);

    // The channel's name is the change's number among its user's.
    private void Add(string user, int changes, string text = "x")
    {
        for (var change = 0; change < changes; change++)
        {
            var number = _added[user] = _added.GetValueOrDefault(user) + 1;
            _waiting.Add(new AwaitedAppend(
                user,
                new PostChange($"{number - 1}", DateTimeOffset.UnixEpoch, MessageId.Create(), user, new MessageContent(text), null, default)));
        }
    }

    private List<PendingAppend> Take(int mostChanges, int mostBytes = Unbounded)
    {
        var (batch, before, bytes) = (new List<PendingAppend>(), _waiting.Count, _waiting.Bytes);
        _waiting.Fill(batch, mostChanges, mostBytes);
        _waiting.Count.Should().Be(before - batch.Count);
        _waiting.Bytes.Should().Be(bytes - batch.Sum(append => (long)append.Bytes));
        if (batch.Count > 1) batch.Sum(append => (long)append.Bytes).Should().BeLessThanOrEqualTo(mostBytes);
        if (before > 0) batch.Should().NotBeEmpty();
        return batch;
    }

    /// <summary>The users in the order of their turns, and how many changes each has there.</summary>
    private static List<string> Users(List<PendingAppend> batch)
    {
        List<string> users = [];
        for (int begin = 0, end; begin < batch.Count; begin = end)
        {
            for (end = begin + 1; end < batch.Count && batch[end].User == batch[begin].User;) end++;
            users.Add($"{batch[begin].User}:{end - begin}");
        }

        return users;
    }
}
