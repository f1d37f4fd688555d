using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class ChannelStoreConformance
{
    private static readonly string[] CountedUsers = ["ann", "bob", "cid", "eve", "zoe"];

    /// <summary>
    /// Whatever was posted, edited, deleted and read, by whomever and in which batches, the counts of every member's list are those of a
    /// plain recount of the log.
    /// </summary>
    [Fact]
    public async Task CountsEqualARecount()
    {
        const int rounds = 60, mostChanges = 90;
        var random = NewRandom();
        string[] names = ["lobby", "other"];
        foreach (var name in names) await NewChannelAsync(name, CountedUsers[1..]);
        for (var round = 0; round < rounds; round++)
        {
            MessageChange[] batch = [.. Enumerable.Range(0, random.Next(1, mostChanges)).Select(_ => NextCounted(random, names, round))];
            await Messages.AppendAsync(batch, Cancel);
            var (reader, channel) = (CountedUsers[random.Next(CountedUsers.Length)], names[random.Next(names.Length)]);
            if (random.Next(2) == 0) await Channels.MoveReadMarkAsync(channel, reader, random.Next(1, (round * mostChanges / 2) + 2), Cancel);
            if (round % 10 == 9) await AssertCountsAsync(names);
        }
    }

    /// <summary>
    /// In a long log counts are exact too, at every place of the mark: a store that keeps counts for parts of the log takes the part that the
    /// mark divides as it is.
    /// </summary>
    [Fact]
    public async Task CountsOfALongLogEqualARecount()
    {
        const int messages = 6_000, batch = 500, changes = 300;
        var random = NewRandom();
        string[] names = ["lobby"];
        var lobby = await NewChannelAsync("lobby", CountedUsers[1..]);
        for (var posted = 0; posted < messages; posted += batch)
            await Messages.AppendAsync([.. Enumerable.Range(0, batch).Select(_ => CountedPost(random, "lobby"))], Cancel);
        for (var i = 0; i < changes; i++) await lobby.DeleteAsync(random.Next(1, messages + 1));
        await AssertCountsAsync(names);
        foreach (var mark in (int[])[1, 255, 256, 257, 1023, 1024, 1025, 2048, 4095, 4096, 5119, 5999, 6000])
        {
            foreach (var user in CountedUsers) await Channels.MoveReadMarkAsync("lobby", user, mark, Cancel);
            for (var i = 0; i < 10; i++)
            {
                await lobby.DeleteAsync(random.Next(1, messages + 1));
                await lobby.EditAsync(random.Next(1, messages + 1), new ContentEdit(Mentions: new(true, [CountedUsers[random.Next(CountedUsers.Length)]])));
            }

            await AssertCountsAsync(names);
        }
    }

    /// <summary>A channel that was deleted and made again counts from nothing.</summary>
    [Fact]
    public async Task CountsBeginAnewWithTheChannel()
    {
        var random = NewRandom();
        for (var round = 0; round < 3; round++)
        {
            var lobby = await NewChannelAsync("lobby", CountedUsers[1..]);
            await Messages.AppendAsync([.. Enumerable.Range(0, 50).Select(_ => CountedPost(random, "lobby"))], Cancel);
            for (var sequence = 1; sequence <= 50; sequence += 7) await lobby.DeleteAsync(sequence);
            await Channels.MoveReadMarkAsync("lobby", "bob", 20, Cancel);
            await AssertCountsAsync(["lobby"]);
            Assert.True(await Channels.DeleteAsync("lobby", Cancel));
        }
    }

    private static MessageChange NextCounted(Random random, string[] names, int round)
    {
        var name = names[random.Next(names.Length)];
        var sequence = random.Next(1, (round * 40) + 3);
        return random.Next(10) switch
        {
            0 => new DeleteChange(name, Sample.Time(), sequence),
            1 => new EditChange(name, Sample.Time(), sequence, new ContentEdit(Mentions: new(true, random.Next(3) == 0 ? null : CountedMentions(random)))),
            2 => new ReactChange(name, Sample.Time(), sequence, CountedUsers[random.Next(CountedUsers.Length)], "+", random.Next(2) == 0),
            3 => Sample.Edit(name, sequence, $"text {random.Next()}"),
            // Answers and plain posts may be stored in different ways.
            4 => CountedPost(random, name) with { ReplyTo = sequence },
            _ => CountedPost(random, name),
        };
    }

    private static PostChange CountedPost(Random random, string channel) => Sample.Post(
        channel, new MessageContent("x", Mentions: random.Next(2) == 0 ? null : CountedMentions(random)), CountedUsers[random.Next(CountedUsers.Length)]);

    private static string[] CountedMentions(Random random) =>
        [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => CountedUsers[random.Next(CountedUsers.Length)])];

    private async Task AssertCountsAsync(string[] names)
    {
        foreach (var name in names)
        {
            var log = (await new ChannelDriver(Messages, name).HistoryAsync()).Messages;
            foreach (var user in CountedUsers)
            {
                var read = (await Channels.FindAsync(name, user, Cancel))!.Read;
                var unread = log.Count(message => message.Sequence > read && message.Sender != user && message.DeletedAt is null);
                var mentions = log.Count(message => message.Sequence > read && ChangeRules.Mentioned(message).Contains(user));
                var summary = (await Channels.ListChannelsAsync(user, null, 10, Cancel)).Channels.Single(one => one.Channel == name);
                Assert.Equal((user, name, read, unread, mentions), (user, name, summary.Read, (int)summary.Unread, (int)summary.Mentions));
            }
        }
    }
}
