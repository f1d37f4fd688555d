using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>Direct channels: exactly two, one per pair.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class DirectChannelTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task There_is_one_channel_per_pair_whoever_asks_first()
    {
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        var channel = await DirectAsync(ann, ben.User);
        channel.Should().MatchRegex("^[A-Za-z0-9._:@-]{1,128}$");
        (await DirectAsync(ann, ben.User)).Should().Be(channel);
        (await DirectAsync(ben, ann.User)).Should().Be(channel);
        (await DirectAsync(ben, ben.User, ann.User)).Should().Be(channel, "the caller may be named too");
        (await DirectAsync(ben, ann.User, ben.User)).Should().Be(channel);
        (await DirectAsync(ann, NewName("cleo"))).Should().NotBe(channel);
    }

    [Fact]
    public async Task Both_who_ask_at_once_have_the_same_channel()
    {
        for (var round = 0; round < 5; round++)
        {
            var ann = await ConnectAsync();
            var ben = await ConnectAsync();
            var channels = await Task.WhenAll(DirectAsync(ann, ben.User), DirectAsync(ben, ann.User), DirectAsync(ann, ben.User));
            channels.Distinct().Should().ContainSingle();
        }
    }

    [Fact]
    public async Task Pairs_whose_names_run_together_are_different_pairs()
    {
        var ann = await ConnectAsync("a:" + NewName("x"));
        var stem = NewName("y");
        var first = await DirectAsync(ann, $"{stem}:b");
        var second = await DirectAsync(ann, $"{stem}-b");
        var third = await DirectAsync(ann, $"{stem}.b");
        new[] { first, second, third }.Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public async Task Long_names_make_pairs_too()
    {
        var ann = await ConnectAsync(NewName("ann").PadRight(40, 'x'));
        var other = NewName("ben").PadRight(128, 'y');
        var channel = await DirectAsync(ann, other);
        channel.Length.Should().BeLessThanOrEqualTo(128);
        (await DirectAsync(ann, other)).Should().Be(channel);
        (await DirectAsync(ann, other[..^1] + "z")).Should().NotBe(channel);
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"members\":null")]
    [InlineData(",\"members\":[]")]
    [InlineData(",\"members\":[\"$me\"]")]
    [InlineData(",\"members\":[\"$other\",\"third\"]")]
    [InlineData(",\"members\":[\"$me\",\"$other\",\"third\"]")]
    [InlineData(",\"members\":[5]")]
    [InlineData(",\"members\":\"$other\"")]
    [InlineData(",\"members\":[\" a\"]")]
    public async Task Anything_but_exactly_one_other_user_is_invalid(string members)
    {
        var ann = await ConnectAsync();
        var fields = "\"kind\":\"direct\"" + members.Replace("$me", ann.User, StringComparison.Ordinal).Replace("$other", NewName("ben"), StringComparison.Ordinal);
        (await RequestRawAsync(ann, "create", fields)).ShouldBeError("invalid");
    }

    [Fact]
    public async Task Both_talk_in_it_and_nobody_else_sees_it()
    {
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        var cleo = await ConnectAsync();
        var channel = await DirectAsync(ann, ben.User);
        await SubscribeAsync(ben, channel);
        await PublishAsync(ann, channel);
        (await NextEventAsync(ben, channel)).ShouldBeEvent(channel, "posted", 1);
        (await PublishAsync(ben, channel)).Number("sequence").Should().Be(2);
        (await cleo.RequestAsync("history", new { channel })).ShouldBeError("not_found");
        (await cleo.RequestAsync("subscribe", new { channel })).ShouldBeError("not_found");
        (await cleo.RequestAsync("join", new { channel })).ShouldBeError("not_found");
    }

    [Fact]
    public async Task It_has_exactly_two_members()
    {
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        var channel = await DirectAsync(ann, ben.User);
        var members = (await ben.RequestAsync("members", new { channel })).ShouldBe("members").Items("members");
        members.Select(member => member.Text("user")).Should().BeEquivalentTo([ann.User, ben.User]);
    }

    [Fact]
    public async Task There_is_no_joining_and_no_leaving()
    {
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        var channel = await DirectAsync(ann, ben.User);
        foreach (var member in new[] { ann, ben })
        {
            (await member.RequestAsync("join", new { channel })).ShouldBeError("forbidden");
            (await member.RequestAsync("leave", new { channel })).ShouldBeError("forbidden");
        }

        (await PublishAsync(ben, channel)).ShouldBe("published");
    }

    [Fact]
    public async Task The_other_ones_messages_are_not_ones_own_to_change()
    {
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        var channel = await DirectAsync(ann, ben.User);
        await PublishAsync(ann, channel);
        (await ben.RequestAsync("edit", new { channel, sequence = 1, text = "x" })).ShouldBeError("forbidden");
        (await ben.RequestAsync("delete", new { channel, sequence = 1 })).ShouldBeError("forbidden");
        (await ben.RequestAsync("react", new { channel, sequence = 1, reaction = "a" })).ShouldBe("ok");
        await PublishAsync(ben, channel);
        (await ann.RequestAsync("delete", new { channel, sequence = 2 })).ShouldBeError("forbidden");
    }

    private static async Task<string> DirectAsync(RawClient client, params string[] members) =>
        (await client.RequestAsync("create", new { kind = "direct", members })).ShouldBe("ok").Text("channel");
}
