using System.Text.Json;
using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>Presence: who is subscribed.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class PresenceTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task Presence_tells_who_is_subscribed_since_when_and_how_often()
    {
        var (ann, channel) = await WithChannelAsync();
        (await WhoAsync(ann, channel)).Should().BeEmpty("to ask one need not be subscribed");
        await SubscribeAsync(ann, channel);
        var again = await ConnectAsync(ann.User);
        await SubscribeAsync(again, channel);
        var ben = await ConnectAsync();
        await SubscribeAsync(ben, channel);

        var reply = (await ben.RequestAsync("presence", new { channel })).ShouldBe("presence");
        reply.Text("channel").Should().Be(channel);
        var users = reply.Items("users");
        users.Select(user => (user.Text("user"), user.Number("connections"))).Should().BeEquivalentTo([(ann.User, 2L), (ben.User, 1L)]);
        foreach (var user in users)
        {
            user.Text("status").Should().Be("online");
            user.Time("since");
        }
    }

    [Fact]
    public async Task Who_comes_and_goes_is_told_to_the_others()
    {
        var (ann, channel) = await WithChannelAsync();
        await SubscribeAsync(ann, channel);
        var ben = await ConnectAsync();
        await SubscribeAsync(ben, channel);
        (await PresenceOfAsync(ann, channel, ben.User)).Should().Be("online");
        (await ben.RequestAsync("unsubscribe", new { channel })).ShouldBe("ok");
        (await PresenceOfAsync(ann, channel, ben.User)).Should().Be("offline");
        (await WhoAsync(ann, channel)).Should().Equal(ann.User);
    }

    [Fact]
    public async Task A_closed_connection_is_out_at_once()
    {
        var (ann, channel) = await WithChannelAsync();
        await SubscribeAsync(ann, channel);
        var ben = await ConnectAsync();
        await SubscribeAsync(ben, channel);
        (await PresenceOfAsync(ann, channel, ben.User)).Should().Be("online");
        await ben.CloseAsync();
        (await PresenceOfAsync(ann, channel, ben.User)).Should().Be("offline");
        (await WhoAsync(ann, channel)).Should().Equal(ann.User);
    }

    [Fact]
    public async Task A_user_is_offline_when_the_last_connection_has_gone()
    {
        var (ann, channel) = await WithChannelAsync();
        await SubscribeAsync(ann, channel);
        var ben = await ConnectAsync();
        var again = await ConnectAsync(ben.User);
        await SubscribeAsync(ben, channel);
        await SubscribeAsync(again, channel);
        (await PresenceOfAsync(ann, channel, ben.User)).Should().Be("online");
        await ben.CloseAsync();
        var cleo = await ConnectAsync();
        await SubscribeAsync(cleo, channel);
        (await PresenceOfAsync(ann, channel, cleo.User)).Should().Be("online");
        ann.Inbox.Should().NotContain(frame => IsPresence(frame, channel, ben.User, "offline"), "one connection is left");
        (await WhoAsync(ann, channel)).Should().BeEquivalentTo([ann.User, ben.User, cleo.User]);
        await again.CloseAsync();
        await ann.WaitForAsync(frame => IsPresence(frame, channel, ben.User, "offline"));
        (await WhoAsync(ann, channel)).Should().BeEquivalentTo([ann.User, cleo.User]);
    }

    [Fact]
    public async Task Subscribing_again_on_the_same_connection_is_one_connection()
    {
        var (ann, channel) = await WithChannelAsync();
        await SubscribeAsync(ann, channel);
        await SubscribeAsync(ann, channel, new { recent = 1 });
        var users = (await ann.RequestAsync("presence", new { channel })).ShouldBe("presence").Items("users");
        users.Should().ContainSingle().Which.Number("connections").Should().Be(1);
    }

    [Fact]
    public async Task A_channel_that_does_not_exist_is_not_found_and_none_is_invalid()
    {
        var ann = await ConnectAsync();
        (await ann.RequestAsync("presence", new { channel = NewName("none") })).ShouldBeError("not_found");
        (await ann.RequestAsync("presence")).ShouldBeError("invalid");
    }

    private static bool IsPresence(JsonElement frame, string channel, string user, string? status = null) =>
        frame.IsType("signal") && frame.Text("name") == "presence" && frame.Text("channel") == channel && frame.Text("user") == user
        && (status is null || frame.Field("data").Text("status") == status);

    private static async Task<string> PresenceOfAsync(RawClient client, string channel, string user) =>
        (await client.WaitForAsync(frame => IsPresence(frame, channel, user))).Field("data").Text("status");

    private static async Task<IReadOnlyList<string>> WhoAsync(RawClient client, string channel)
    {
        var reply = (await client.RequestAsync("presence", new { channel })).ShouldBe("presence");
        return [.. reply.Items("users").Select(user => user.Text("user"))];
    }
}
