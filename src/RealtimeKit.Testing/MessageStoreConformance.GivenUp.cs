using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class MessageStoreConformance
{
    /// <summary>A message whose call was given up, and that a later call does not find, is not stored afterwards.</summary>
    [Fact]
    public async Task MessageGivenUpIsNotStoredAfterwards()
    {
        const int rounds = 100;
        var random = NewRandom();
        var lobby = await NewChannelAsync();
        var posts = Enumerable.Range(0, rounds).Select(round => Sample.Post("lobby", $"{round}")).ToArray();
        var told = new List<AppendOutcome>();
        await WhileBusyAsync(async () =>
        {
            foreach (var post in posts)
            {
                await GiveUpAsync(random, cancel => Messages.AppendAsync([post], cancel).AsTask());
                told.Add(await OutcomeAsync(post));
            }
        });
        for (var round = 0; round < rounds; round++) Assert.Equal(told[round], await OutcomeAsync(posts[round]));
        Assert.Equal(told.Count(outcome => outcome == AppendOutcome.Duplicate), (await lobby.HistoryAsync()).Messages.Count);

        async Task<AppendOutcome> OutcomeAsync(PostChange post) =>
            Assert.Single(await UntilAvailableAsync(() => Messages.AppendAsync([post with { OnlyIfKnown = true }], Cancel).AsTask())).Outcome;
    }

    /// <summary>An edit whose call was given up does not overwrite an edit that was answered after it.</summary>
    [Fact]
    public async Task EditGivenUpDoesNotOverwriteALaterOne()
    {
        const int rounds = 100;
        var random = NewRandom();
        var lobby = await NewChannelAsync();
        await lobby.PostManyAsync(rounds);
        await WhileBusyAsync(async () =>
        {
            for (var sequence = 1; sequence <= rounds; sequence++)
            {
                var (late, final) = (Sample.Edit("lobby", sequence, "late"), Sample.Edit("lobby", sequence, "final"));
                await GiveUpAsync(random, cancel => Messages.AppendAsync([late], cancel).AsTask());
                await UntilAvailableAsync(() => Messages.AppendAsync([final], Cancel).AsTask());
            }
        });
        Assert.All((await lobby.HistoryAsync()).Messages, message => Assert.Equal("final", message.Text));
    }

    /// <summary>
    /// A list that is filled anew once its call has ended has no influence on that call, and that call none on the next one's: each message is
    /// stored by its own call, once.
    /// </summary>
    [Fact]
    public async Task ListFilledAnewChangesNothing()
    {
        const int rounds = 60, most = 8;
        var random = NewRandom();
        var lobby = await NewChannelAsync();
        var list = new List<MessageChange>();
        var stored = new HashSet<MessageId>();
        await WhileBusyAsync(async () =>
        {
            for (var round = 0; round < rounds; round++)
            {
                Refill(Sample.Post("lobby", $"given up {round}"));
                await GiveUpAsync(random, cancel => Messages.AppendAsync(list, cancel).AsTask());
                Refill([.. Enumerable.Range(0, random.Next(1, most)).Select(number => Sample.Post("lobby", $"{round} {number}"))]);
                PostChange[] own = [.. list.OfType<PostChange>()];
                var results = await Messages.AppendAsync(list, Cancel);
                Refill(Sample.Post("lobby", $"never sent {round}"));
                Assert.Equal(own.Select(post => post.Content.Text), results.Select(result => ChannelDriver.Appended(result).Text));
                stored.UnionWith(own.Select(post => post.Id));
            }
        });
        var log = (await lobby.HistoryAsync()).Messages;
        Assert.Equal(log.Count, log.Select(message => message.Id).Distinct().Count());
        Assert.Superset(stored, log.Select(message => message.Id).ToHashSet());
        Assert.DoesNotContain(log, message => message.Text!.StartsWith("never", StringComparison.Ordinal));

        void Refill(params ReadOnlySpan<PostChange> posts)
        {
            list.Clear();
            foreach (var post in posts) list.Add(post);
        }
    }
}
