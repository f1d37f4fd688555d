using System.Text.Json;
using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`inbox`, `closeInbox` and `prefer`: every channel of a user, live.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class InboxTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task Rows_come_at_first_and_when_they_change()
    {
        var (ann, ben, channel) = await WithMemberAsync();
        var reply = (await ben.RequestAsync("inbox")).ShouldBe("inbox");
        (reply.Flag("reset"), reply.Number("unread"), reply.Number("mentions")).Should().Be((true, 0, 0));
        reply.Text("cursor").Should().NotBeEmpty();
        var frame = await NextAsync(ben);
        frame.ShouldLack("id");
        frame.Flag("more").Should().BeFalse();
        var row = frame.Items("channels").Should().ContainSingle().Subject;
        (row.Text("channel"), row.Text("kind"), row.Text("role"), row.Number("sequence"), row.Number("version"), row.Number("read"), row.Number("unread"), row.Number("mentions"))
            .Should().Be((channel, "public", "member", 0, 0, 0, 0, 0));
        (row.Text("notify"), row.Flag("pinned"), row.Flag("hidden")).Should().Be(("all", false, false));
        row.Time("changed");
        row.ShouldLack("name", "data", "closed", "last");

        await PublishAsync(ann, channel, "hello");
        frame = await NextAsync(ben);
        row = frame.Items("channels").Should().ContainSingle().Subject;
        (row.Number("sequence"), row.Number("unread"), frame.Number("unread"), frame.Flag("more")).Should().Be((1, 1, 1, false));
        row.Field("last").ShouldBeMessage(channel, 1, 1, ann.User);
        (await ben.RequestAsync("read", new { channel, sequence = 1 })).ShouldBe("ok");
        frame = await NextAsync(ben);
        (frame.Items("channels")[0].Number("read"), frame.Number("unread")).Should().Be((1, 0));
        (await ben.RequestAsync("leave", new { channel })).ShouldBe("ok");
        frame = await NextAsync(ben);
        frame.Items("channels").Should().BeEmpty();
        frame.Texts("removed").Should().Equal(channel);
    }

    [Fact]
    public async Task A_cursor_goes_on_where_a_connection_ended()
    {
        var (ann, ben, channel) = await WithMemberAsync();
        await ben.RequestAsync("inbox");
        var cursor = (await NextAsync(ben)).Text("cursor");
        await ben.CloseAsync();
        await PublishAsync(ann, channel, "while away");
        var again = await ConnectAsync(ben.User);
        var reply = await again.RequestAsync("inbox", new { after = cursor });
        (reply.Flag("reset"), reply.Number("unread")).Should().Be((false, 1));
        var frame = await NextAsync(again);
        frame.Items("channels").Should().ContainSingle().Which.Number("unread").Should().Be(1);
        frame.Flag("more").Should().BeFalse();
        reply = await again.RequestAsync("inbox", new { after = frame.Text("cursor") });
        (reply.Flag("reset"), reply.Number("unread")).Should().Be((false, 1));
        (await NextAsync(again)).Items("channels").Should().BeEmpty();
        (await again.RequestAsync("inbox", new { after = "something else" })).Flag("reset").Should().BeTrue();
        (await NextAsync(again)).Items("channels").Should().ContainSingle();
    }

    [Fact]
    public async Task Preferences_belong_to_a_member_and_a_message_ends_hiding()
    {
        var (ann, ben, channel) = await WithMemberAsync();
        await ben.RequestAsync("inbox");
        await NextAsync(ben);
        (await ben.RequestAsync("prefer", new { channel, notify = "mentions", pinned = true, hidden = true })).ShouldBe("ok");
        var row = (await NextAsync(ben)).Items("channels")[0];
        (row.Text("notify"), row.Flag("pinned"), row.Flag("hidden")).Should().Be(("mentions", true, true));
        await PublishAsync(ann, channel, "hello");
        var frame = await NextAsync(ben);
        row = frame.Items("channels")[0];
        (row.Flag("hidden"), row.Number("unread"), frame.Number("unread")).Should().Be((false, 1, 0));
        var eve = await ConnectAsync(NewName("eve"));
        (await eve.RequestAsync("prefer", new { channel, pinned = true })).ShouldBeError("forbidden");
        (await ben.RequestAsync("prefer", new { channel, notify = "never" })).ShouldBeError("invalid");
        (await ben.RequestAsync("closeInbox")).ShouldBe("ok");
    }

    private static Task<JsonElement> NextAsync(RawClient client) =>
        client.WaitForAsync(static frame => frame.IsType("inbox") && !frame.Has("id"), null, "the next frame of the inbox");

    private async Task<(RawClient Ann, RawClient Ben, string Channel)> WithMemberAsync()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync(NewName("ben"));
        (await ben.RequestAsync("join", new { channel })).ShouldBe("ok");
        return (ann, ben, channel);
    }
}
