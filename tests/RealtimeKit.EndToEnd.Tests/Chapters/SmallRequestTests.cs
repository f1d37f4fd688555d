using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`ping`, `pong`, and the requests this server does not know yet.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class SmallRequestTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task A_ping_is_answered_by_ok_with_its_id()
    {
        var ann = await ConnectAsync();
        var reply = await ann.RequestAsync("ping");
        reply.ShouldBe("ok");
        reply.EnumerateObject().Select(field => field.Name).Should().BeEquivalentTo("type", "id");
    }

    [Fact]
    public async Task A_pong_has_no_reply()
    {
        var ann = await ConnectAsync();
        await ann.SendAsync("{\"type\":\"pong\"}\n{\"type\":\"pong\"}");
        await PassAsync(ann);
        ann.Inbox.Should().BeEmpty();
    }

    [Fact]
    public async Task A_thousand_pings_in_one_message_are_all_answered()
    {
        var ann = await ConnectAsync();
        var replies = await ann.BatchAsync([.. Enumerable.Repeat(("ping", (object?)null), 1000)]);
        replies.Should().OnlyContain(reply => reply.IsType("ok"));
    }

    [Theory]
    [InlineData("append")]
    [InlineData("finish")]
    [InlineData("stop")]
    public async Task What_this_server_cannot_do_yet_is_unsupported(string type)
    {
        var (ann, channel) = await WithChannelAsync();
        (await ann.RequestAsync(type, new { channel, user = "ben", role = "member", query = "x" })).ShouldBeError("unsupported");
        await PassAsync(ann);
    }

    [Theory]
    [InlineData("true")]
    [InlineData("5")]
    [InlineData("\"yes\"")]
    public async Task A_message_that_grows_is_unsupported_before_form_and_visibility(string stream)
    {
        var (ann, channel) = await WithChannelAsync();
        foreach (var fields in new[]
        {
            $$""" "channel":"{{channel}}","message":{"id":"{{NewId()}}","text":"x","stream":{{stream}} }""",
            $$""" "channel":"{{channel}}","message":{"stream":{{stream}} }""",
            $$""" "channel":"{{NewName("none")}}","message":{"id":"{{NewId()}}","text":7,"stream":{{stream}} }""",
            $$""" "message":{"id":"{{NewId()}}","stream":{{stream}} }""",
        })
            (await RequestRawAsync(ann, "publish", fields)).ShouldBeError("unsupported");

        (await ann.RequestAsync("history", new { channel })).Items("messages").Should().BeEmpty();
        await PassAsync(ann);
    }

    [Fact]
    public async Task A_message_that_does_not_grow_may_say_so()
    {
        var (ann, channel) = await WithChannelAsync();
        var id = NewId();
        (await ann.RequestAsync("publish", new { channel, message = new { id, text = "x", stream = false } })).ShouldBe("published");
        (await ann.RequestAsync("publish", new { channel, message = new { id, text = "x", stream = (bool?)null } })).ShouldBe("published").Flag("duplicate").Should().BeTrue();
    }
}
