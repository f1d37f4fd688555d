using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`pin` and `unpin`.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class PinTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task A_pin_is_a_change_of_the_message_that_readers_and_pages_have()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishManyAsync(ann, channel, 3);
        var ben = await ConnectAsync();
        await SubscribeAsync(ben, channel);
        (await ann.RequestAsync("pin", new { channel, sequence = 2 })).ShouldBe("ok").Number("version").Should().Be(4);
        var message = (await NextEventAsync(ben, channel)).ShouldBeEvent(channel, "pinned", 4).Field("message");
        (message.Number("sequence"), message.Text("text"), message.Text("pinnedBy"), message.Has("editedAt")).Should().Be((2, "text 2", ann.User, false));
        (await ann.RequestAsync("pin", new { channel, sequence = 2 })).ShouldBe("ok").Number("version").Should().Be(4);
        (await ann.RequestAsync("pin", new { channel, sequence = 3 })).ShouldBe("ok").Number("version").Should().Be(5);

        var pinned = (await HistoryAsync(ben, channel, new { pinned = true })).Items("messages");
        pinned.Select(one => one.Number("sequence")).Should().Equal(2, 3);
        pinned[0].GetRawText().Should().Be(message.GetRawText());
        (await HistoryAsync(ben, channel, new { pinned = true, limit = 1 })).Flag("more").Should().BeTrue();
        (await HistoryAsync(ben, channel, new { pinned = true, after = 2 })).Items("messages").Should().ContainSingle().Which.Number("sequence").Should().Be(3);
        var late = await ConnectAsync();
        await SubscribeAsync(late, channel, new { recent = 5 });
        (await CatchUpAsync(late, channel))[^1].Items("messages")[1].Text("pinnedBy").Should().Be(ann.User);

        (await ann.RequestAsync("unpin", new { channel, sequence = 2 })).ShouldBe("ok").Number("version").Should().Be(6);
        await NextEventAsync(ben, channel);
        message = (await NextEventAsync(ben, channel)).ShouldBeEvent(channel, "pinned", 6).Field("message");
        (message.Has("pinnedAt"), message.Has("pinnedBy")).Should().Be((false, false));
        (await ann.RequestAsync("delete", new { channel, sequence = 3 })).ShouldBe("ok");
        message = (await NextEventAsync(ben, channel)).ShouldBeEvent(channel, "deleted", 7).Field("message");
        (message.Has("pinnedAt"), message.Has("pinnedBy")).Should().Be((false, false));
        (await HistoryAsync(ben, channel, new { pinned = true })).Items("messages").Should().BeEmpty();
    }

    [Fact]
    public async Task Errors_come_in_their_order()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        await PublishAsync(ann, channel);
        var hidden = await CreateAsync(ann, "private");
        foreach (var type in new[] { "pin", "unpin" })
        {
            (await ben.RequestAsync(type, new { channel })).ShouldBeError("invalid");
            (await ben.RequestAsync(type, new { channel = hidden, sequence = 1 })).ShouldBeError("not_found");
            (await ben.RequestAsync(type, new { channel, sequence = 1 })).ShouldBeError("forbidden");
            (await ben.RequestAsync(type, new { channel, sequence = 9 })).ShouldBeError("forbidden");
            (await ann.RequestAsync(type, new { channel, sequence = 9 })).ShouldBeError("not_found");
        }

        (await ann.RequestAsync("setRole", new { channel, user = ben.User, role = "moderator" })).ShouldBe("ok");
        (await ben.RequestAsync("pin", new { channel, sequence = 1 })).ShouldBe("ok");
        (await ann.RequestAsync("mute", new { channel, user = ben.User })).ShouldBe("ok");
        (await ben.RequestAsync("unpin", new { channel, sequence = 1 })).ShouldBeError("forbidden");
        (await ann.RequestAsync("delete", new { channel, sequence = 1 })).ShouldBe("ok");
        (await ann.RequestAsync("pin", new { channel, sequence = 1 })).ShouldBeError("conflict");
    }

    [Fact]
    public async Task At_most_a_hundred_messages_are_pinned()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishManyAsync(ann, channel, 101);
        foreach (var reply in await ann.BatchAsync([.. Enumerable.Range(1, 100).Select(sequence => ("pin", (object?)new { channel, sequence }))])) reply.ShouldBe("ok");
        (await ann.RequestAsync("pin", new { channel, sequence = 101 })).ShouldBeError("too_many");
        (await ann.RequestAsync("unpin", new { channel, sequence = 7 })).ShouldBe("ok");
        (await ann.RequestAsync("pin", new { channel, sequence = 101 })).ShouldBe("ok");
        (await HistoryAsync(ann, channel, new { pinned = true, limit = 200 })).Items("messages").Should().HaveCount(100);
    }

    [Fact]
    public async Task The_server_knows_no_users_and_says_so()
    {
        var ann = await ConnectAsync();
        (await ann.RequestAsync("users", new { users = new[] { ann.User } })).ShouldBe("users").Items("users").Should().BeEmpty();
        (await ann.RequestAsync("users", new { users = Array.Empty<string>() })).ShouldBeError("invalid");
    }
}
