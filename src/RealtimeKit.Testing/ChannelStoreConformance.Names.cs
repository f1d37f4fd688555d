using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class ChannelStoreConformance
{
    private const char FirstCharacter = ' ';
    private const char LastCharacter = '~';

    /// <summary>Two pairs are never taken for one, whatever characters the names have.</summary>
    [Fact]
    public async Task PairsAreKeptApartWhateverTheNames()
    {
        for (var character = FirstCharacter; character <= LastCharacter; character++)
        {
            var code = (int)character;
            (string One, string Other)[] pairs = [($"a{character}b", "c"), ("a", $"b{character}c"), ($"a{character}b", $"b{character}c")];
            for (var i = 0; i < pairs.Length; i++)
            {
                var made = await Channels.CreateAsync(Sample.Direct($"d{code}-{i}", pairs[i].One, pairs[i].Other), Cancel);
                Assert.Equal(new CreateResult(CreateOutcome.Created, $"d{code}-{i}"), made);
                var again = await Channels.CreateAsync(Sample.Direct($"e{code}-{i}", pairs[i].Other, pairs[i].One), Cancel);
                Assert.Equal(new CreateResult(CreateOutcome.PairExists, $"d{code}-{i}"), again);
            }
        }
    }

    /// <summary>Members have any name that a user may have, and are listed in ordinal order in pages of any size.</summary>
    [Fact]
    public async Task MembersMayHaveAnyName()
    {
        var channel = await NewChannelAsync("room", [.. Sample.UserNames]);
        await channel.PostManyAsync(Sample.UserNames.Count);
        for (var i = 0; i < Sample.UserNames.Count; i++)
        {
            Assert.Equal(MemberOutcome.Changed, await SetAsync(Sample.UserNames[i], ChannelRole.Moderator));
            Assert.Equal(new ReadMark(i + 1, true), await MarkAsync(Sample.UserNames[i], i + 1));
        }

        var ordered = Sample.UserNames.Append("ann").Order(StringComparer.Ordinal).ToList();
        for (var size = 1; size <= ordered.Count; size += 5)
        {
            var listed = new List<ChannelMember>();
            MemberPage page;
            do
            {
                page = await Channels.ListMembersAsync("room", listed.LastOrDefault()?.User, size, Cancel);
                listed.AddRange(page.Members);
            }
            while (page.More);
            Assert.Equal(ordered, listed.Select(member => member.User));
            foreach (var (user, role, read, _, _) in listed.Where(member => member.User != "ann"))
                Assert.Equal((ChannelRole.Moderator, Sample.UserNames.ToList().IndexOf(user) + 1L), (role, read));
        }

        foreach (var user in Sample.UserNames)
        {
            Assert.Equal("room", Assert.Single((await Channels.ListChannelsAsync(user, null, 10, Cancel)).Channels).Channel);
            Assert.Equal(MemberOutcome.Changed, await RemoveAsync(user));
            Assert.Null(await RoleAsync(user));
        }

        Assert.Equal("ann", Assert.Single((await Channels.ListMembersAsync("room", null, 10, Cancel)).Members).User);
    }

    /// <summary>Unread mentions and own reactions are those of exactly this user.</summary>
    [Fact]
    public async Task CountsAreOfExactlyThisUser()
    {
        var channel = await NewChannelAsync("room", [.. Sample.UserNames]);
        foreach (var user in Sample.UserNames)
        {
            await channel.PostAsync(new MessageContent("1", Mentions: [user]));
            await channel.PostAsync("2", user);
            await channel.ReactAsync(1, user, user[..Math.Min(user.Length, ProtocolConstants.MaxNameLength)]);
        }

        foreach (var user in Sample.UserNames)
        {
            var summary = await SummaryAsync(user);
            Assert.Equal(((2L * Sample.UserNames.Count) - 1, 1L), (summary.Unread, summary.Mentions));
            Assert.Equal([user[..Math.Min(user.Length, ProtocolConstants.MaxNameLength)]], await Channels.ListOwnReactionsAsync("room", 1, user, Cancel));
        }
    }
}
