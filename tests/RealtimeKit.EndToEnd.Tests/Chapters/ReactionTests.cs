using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`react` and `reactions`.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class ReactionTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task A_reaction_takes_the_next_version_and_is_told_with_the_counts()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        await PublishAsync(ann, channel);
        await SubscribeAsync(ann, channel);
        (await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "👍" })).ShouldBe("ok").Number("version").Should().Be(2);
        (await ben.RequestAsync("react", new { channel, sequence = 1, reaction = "👍" })).ShouldBe("ok").Number("version").Should().Be(3);
        (await ben.RequestAsync("react", new { channel, sequence = 1, reaction = "shrug" })).ShouldBe("ok").Number("version").Should().Be(4);

        var first = (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "reacted", 2);
        first.Number("sequence").Should().Be(1);
        first.Text("reaction").Should().Be("👍");
        first.Text("user").Should().Be(ann.User);
        if (first.Has("removed")) first.Flag("removed").Should().BeFalse();
        Counts(first.Field("reactions")).Should().Equal(new Dictionary<string, long> { ["👍"] = 1 });
        (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "reacted", 3).Text("user").Should().Be(ben.User);
        var third = (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "reacted", 4);

        foreach (var reactions in new[]
        {
            third.Field("reactions"),
            (await MessageAsync(ann, channel, 1)).ShouldBeMessage(channel, 1, 4, ann.User).Field("reactions"),
            (await ann.RequestAsync("reactions", new { channel, sequence = 1 })).ShouldBe("reactions").Field("reactions"),
        })
        {
            Counts(reactions).Should().BeEquivalentTo(new Dictionary<string, long> { ["👍"] = 2, ["shrug"] = 1 });
            reactions.Field("👍").Texts("users").Should().BeEquivalentTo([ann.User, ben.User]);
            reactions.Field("shrug").Texts("users").Should().Equal(ben.User);
        }
    }

    [Fact]
    public async Task Removing_a_reaction_leaves_no_zero_count()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        await PublishAsync(ann, channel);
        await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "a" });
        await ben.RequestAsync("react", new { channel, sequence = 1, reaction = "a" });
        await SubscribeAsync(ann, channel);
        (await ben.RequestAsync("react", new { channel, sequence = 1, reaction = "a", remove = true })).ShouldBe("ok").Number("version").Should().Be(4);
        (await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "a", remove = true })).ShouldBe("ok").Number("version").Should().Be(5);

        var fourth = (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "reacted", 4);
        fourth.Flag("removed").Should().BeTrue();
        fourth.Text("user").Should().Be(ben.User);
        fourth.Field("reactions").Field("a").Texts("users").Should().Equal(ann.User);
        var fifth = (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "reacted", 5);
        Counts(fifth.Field("reactions")).Should().BeEmpty();
        var message = (await MessageAsync(ann, channel, 1)).ShouldBeMessage(channel, 1, 5, ann.User);
        if (message.Has("reactions")) Counts(message.Field("reactions")).Should().BeEmpty();
    }

    [Fact]
    public async Task The_same_reaction_again_and_removing_what_is_not_there_change_nothing()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        await SubscribeAsync(ann, channel);
        (await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "a" })).Number("version").Should().Be(2);
        (await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "a" })).ShouldBe("ok").Number("version").Should().Be(2);
        (await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "b", remove = true })).ShouldBe("ok").Number("version").Should().Be(2);
        await PublishAsync(ann, channel);
        (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "reacted", 2);
        (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "posted", 3);
        (await ann.RequestAsync("reactions", new { channel, sequence = 1 })).Field("reactions").Field("a").Number("count").Should().Be(1);
    }

    [Fact]
    public async Task A_deleted_message_takes_no_reaction_and_has_none()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "a" });
        await ann.RequestAsync("delete", new { channel, sequence = 1 });
        (await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "b" })).ShouldBeError("conflict");
        var reactions = (await ann.RequestAsync("reactions", new { channel, sequence = 1 })).ShouldBe("reactions");
        Counts(reactions.Field("reactions")).Should().BeEmpty();
        reactions.Texts("own").Should().BeEmpty();
    }

    [Fact]
    public async Task Own_names_the_reactions_of_the_one_who_asks()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        await PublishAsync(ann, channel);
        await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "a" });
        await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "b" });
        await ben.RequestAsync("react", new { channel, sequence = 1, reaction = "b" });
        (await ann.RequestAsync("reactions", new { channel, sequence = 1 })).ShouldBe("reactions").Texts("own").Should().BeEquivalentTo("a", "b");
        (await ben.RequestAsync("reactions", new { channel, sequence = 1 })).Texts("own").Should().Equal("b");
        var cleo = await ConnectAsync();
        (await cleo.RequestAsync("reactions", new { channel, sequence = 1 })).Texts("own").Should().BeEmpty();
    }

    [Fact]
    public async Task A_message_without_reactions_has_an_empty_answer()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        var reactions = (await ann.RequestAsync("reactions", new { channel, sequence = 1 })).ShouldBe("reactions");
        Counts(reactions.Field("reactions")).Should().BeEmpty();
        reactions.Texts("own").Should().BeEmpty();
    }

    [Fact]
    public async Task At_most_20_users_are_named_and_all_are_counted()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        RawClient? last = null;
        for (var n = 0; n < 22; n++)
        {
            last = await ConnectAsync();
            (await last.RequestAsync("react", new { channel, sequence = 1, reaction = "a" })).ShouldBe("ok");
        }

        var reactions = (await last!.RequestAsync("reactions", new { channel, sequence = 1 })).ShouldBe("reactions");
        Counts(reactions.Field("reactions"))["a"].Should().Be(22);
        reactions.Field("reactions").Field("a").Texts("users").Should().HaveCount(20);
        reactions.Texts("own").Should().Equal("a");
        Counts((await MessageAsync(ann, channel, 1)).Field("reactions"))["a"].Should().Be(22);
    }

    [Fact]
    public async Task Missing_messages_are_not_found()
    {
        var (ann, channel) = await WithChannelAsync();
        (await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "a" })).ShouldBeError("not_found");
        (await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "a", remove = true })).ShouldBeError("not_found");
        (await ann.RequestAsync("reactions", new { channel, sequence = 1 })).ShouldBeError("not_found");
        (await ann.RequestAsync("reactions", new { channel = NewName("none"), sequence = 1 })).ShouldBeError("not_found");
    }

    [Theory]
    [InlineData("\"sequence\":1")]
    [InlineData("\"sequence\":1,\"reaction\":5")]
    [InlineData("\"reaction\":\"a\"")]
    [InlineData("\"sequence\":1,\"reaction\":\"a\",\"remove\":1")]
    [InlineData("\"sequence\":1,\"reaction\":\"a\",\"remove\":\"true\"")]
    public async Task A_react_of_wrong_form_is_invalid(string fields)
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        (await RequestRawAsync(ann, "react", $"\"channel\":\"{channel}\",{fields}")).ShouldBeError("invalid");
    }

    [Fact]
    public async Task Reactions_with_names_that_differ_only_in_case_or_composition_are_different()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        foreach (var reaction in new[] { "a", "A", "\u00e9", "e\u0301" })
            (await ann.RequestAsync("react", new { channel, sequence = 1, reaction })).ShouldBe("ok");
        var own = (await ann.RequestAsync("reactions", new { channel, sequence = 1 })).Texts("own");
        own.Should().BeEquivalentTo("a", "A", "\u00e9", "e\u0301");
    }

    private static Dictionary<string, long> Counts(System.Text.Json.JsonElement reactions) =>
        reactions.ShouldBeReactions().EnumerateObject().ToDictionary(reaction => reaction.Name, reaction => reaction.Value.Number("count"));
}
