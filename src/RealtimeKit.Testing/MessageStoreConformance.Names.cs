using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class MessageStoreConformance
{
    /// <summary>Senders, mentions and the users of reactions have any name that a user may have, and come back as they were.</summary>
    [Fact]
    public async Task UsersMayHaveAnyName()
    {
        var channel = await NewChannelAsync();
        foreach (var user in Sample.UserNames) await channel.PostAsync(new MessageContent("x", Mentions: [user, "ann", user]), user);
        await channel.PostAsync(new MessageContent("x", Mentions: Sample.UserNames));
        await channel.PostAsync(new MessageContent("x", Mentions: []));
        await channel.EditAsync(1, new ContentEdit(Mentions: new(true, [.. Sample.UserNames.Reverse()])));
        string[] reacting = [.. Sample.UserNames.Take(ChangeRules.MaxUsersPerReaction)];
        foreach (var user in reacting) await channel.ReactAsync(2, user, "+");

        foreach (var page in new[] { await channel.HistoryAsync(), await channel.ChangesAsync(0) })
        {
            var messages = page.Messages.OrderBy(message => message.Sequence).ToList();
            for (var i = 0; i < Sample.UserNames.Count; i++)
            {
                Assert.Equal(Sample.UserNames[i], messages[i].Sender);
                if (i > 0) Assert.Equal([Sample.UserNames[i], "ann", Sample.UserNames[i]], messages[i].Content.Mentions);
            }

            Assert.Equal(Sample.UserNames.Reverse(), messages[0].Content.Mentions);
            Assert.Equal(Sample.UserNames, messages[^2].Content.Mentions);
            Assert.Empty(messages[^1].Content.Mentions!);
            Assert.Equal(reacting, Assert.Single(messages[1].Reactions).Users);
        }
    }
}
