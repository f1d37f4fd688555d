using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`delete`: a message keeps its place and loses what it said.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class DeleteTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task A_deleted_message_keeps_its_place_and_loses_its_content()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel, "root");
        var id = NewId();
        (await PublishRawAsync(ann, channel, id, """ "text":"a","data":1,"attachments":[{}],"mentions":["ann"],"replyTo":1 """)).ShouldBe("published");
        await ann.RequestAsync("react", new { channel, sequence = 2, reaction = "+1" });
        await PublishAsync(ann, channel, "next");
        await SubscribeAsync(ann, channel);

        (await ann.RequestAsync("delete", new { channel, sequence = 2 })).ShouldBe("ok").Number("version").Should().Be(5);
        var told = (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "deleted", 5).Field("message");
        await SubscribeAsync(ann, channel, new { after = 4 });
        var changed = (await CatchUpAsync(ann, channel)).SelectMany(page => page.Items("messages")).Should().ContainSingle().Subject;
        foreach (var message in new[] { told, changed, await MessageAsync(ann, channel, 2) })
        {
            message.ShouldBeMessage(channel, 2, 5, ann.User);
            message.Text("id").Should().Be(id);
            message.Number("replyTo").Should().Be(1);
            message.Number("thread").Should().Be(1);
            message.Time("deletedAt");
            message.ShouldLack("text", "data", "attachments", "mentions", "reactions");
        }

        (await HistoryAsync(ann, channel)).Sequences().Should().Equal(1, 2, 3);
        (await PublishAsync(ann, channel)).Number("sequence").Should().Be(4);
    }

    [Fact]
    public async Task Deleting_twice_has_the_present_version_and_no_event()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        await SubscribeAsync(ann, channel);
        (await ann.RequestAsync("delete", new { channel, sequence = 1 })).ShouldBe("ok").Number("version").Should().Be(2);
        var deletedAt = (await MessageAsync(ann, channel, 1)).Time("deletedAt");
        (await ann.RequestAsync("delete", new { channel, sequence = 1 })).ShouldBe("ok").Number("version").Should().Be(2);
        await PublishAsync(ann, channel);
        (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "deleted", 2);
        (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "posted", 3);
        (await MessageAsync(ann, channel, 1)).Time("deletedAt").Should().Be(deletedAt);
    }

    [Fact]
    public async Task Others_messages_are_forbidden_and_missing_ones_not_found()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        await PublishAsync(ann, channel);
        (await ben.RequestAsync("delete", new { channel, sequence = 1 })).ShouldBeError("forbidden");
        (await ann.RequestAsync("delete", new { channel, sequence = 2 })).ShouldBeError("not_found");
        (await ann.RequestAsync("delete", new { channel = NewName("none"), sequence = 1 })).ShouldBeError("not_found");
        (await MessageAsync(ann, channel, 1)).Text("text").Should().Be("hello");
    }

    [Fact]
    public async Task Who_moderates_the_channel_deletes_others_messages()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        await PublishAsync(ben, channel);
        (await ann.RequestAsync("delete", new { channel, sequence = 1 })).ShouldBe("ok").Number("version").Should().Be(2);
        (await MessageAsync(ben, channel, 1)).ShouldBeMessage(channel, 1, 2, ben.User).Has("deletedAt").Should().BeTrue();
    }
}
