using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`edit`: what is kept, removed and refused.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class EditTests(QuickStartProcess server) : ProtocolTest(server)
{
    private const string Whole = """ "text":"a","data":{"n":1.0,"k":"v"},"attachments":[{"url":"u"}],"mentions":["ann"] """;

    [Fact]
    public async Task An_edit_takes_the_next_version_and_is_told_with_the_whole_message()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        await PublishAsync(ann, channel, "root");
        var published = await ann.RequestAsync("publish", new { channel, message = new { id = NewId(), text = "a", replyTo = 1 } });
        await SubscribeAsync(ben, channel);
        (await ann.RequestAsync("edit", new { channel, sequence = 2, text = "b" })).ShouldBe("ok").Number("version").Should().Be(3);
        var message = (await NextEventAsync(ben, channel)).ShouldBeEvent(channel, "edited", 3).Field("message");
        foreach (var told in new[] { message, await MessageAsync(ben, channel, 2) })
        {
            told.ShouldBeMessage(channel, 2, 3, ann.User);
            told.Text("id").Should().Be(published.Text("messageId"));
            told.Text("text").Should().Be("b");
            told.Time("time").Should().Be(published.Time("time"));
            told.Number("replyTo").Should().Be(1);
            told.Number("thread").Should().Be(1);
            string.CompareOrdinal(told.Time("editedAt"), told.Time("time")).Should().BeGreaterThanOrEqualTo(0);
            told.ShouldLack("deletedAt");
        }
    }

    [Theory]
    [InlineData("\"text\":\"b\"", """{"text":"b","data":{"n":1,"k":"v"},"attachments":[{"url":"u"}],"mentions":["ann"]}""")]
    [InlineData("\"text\":null", """{"data":{"n":1,"k":"v"},"attachments":[{"url":"u"}],"mentions":["ann"]}""")]
    [InlineData("\"data\":null", """{"text":"a","attachments":[{"url":"u"}],"mentions":["ann"]}""")]
    [InlineData("\"attachments\":null", """{"text":"a","data":{"n":1,"k":"v"},"mentions":["ann"]}""")]
    [InlineData("\"mentions\":null", """{"text":"a","data":{"n":1,"k":"v"},"attachments":[{"url":"u"}]}""")]
    [InlineData("\"data\":[2]", """{"text":"a","data":[2],"attachments":[{"url":"u"}],"mentions":["ann"]}""")]
    [InlineData("\"attachments\":[{\"url\":\"w\"}]", """{"text":"a","data":{"n":1,"k":"v"},"attachments":[{"url":"w"}],"mentions":["ann"]}""")]
    [InlineData("\"mentions\":[\"ben\"]", """{"text":"a","data":{"n":1,"k":"v"},"attachments":[{"url":"u"}],"mentions":["ben"]}""")]
    [InlineData("\"text\":null,\"attachments\":null,\"mentions\":null", """{"data":{"n":1,"k":"v"}}""")]
    [InlineData("\"text\":null,\"data\":null", """{"attachments":[{"url":"u"}],"mentions":["ann"]}""")]
    public async Task An_absent_field_is_kept_and_null_removes(string change, string expected)
    {
        var (ann, channel) = await WithChannelAsync();
        (await PublishRawAsync(ann, channel, NewId(), Whole)).ShouldBe("published");
        (await RequestRawAsync(ann, "edit", $"\"channel\":\"{channel}\",\"sequence\":1,{change}")).ShouldBe("ok").Number("version").Should().Be(2);
        var message = await MessageAsync(ann, channel, 1);
        var left = Frames.Parse(expected);
        foreach (var field in new[] { "text", "data", "attachments", "mentions" })
        {
            if (left.Has(field)) message.Field(field).ShouldEqualJson(left.Field(field).GetRawText());
            else message.ShouldLack(field);
        }
    }

    [Theory]
    [InlineData(""" "text":"a" """, "\"text\":null")]
    [InlineData(""" "text":"a" """, "\"text\":\"\"")]
    [InlineData(""" "data":1 """, "\"data\":null")]
    [InlineData(""" "attachments":[{}] """, "\"attachments\":null")]
    [InlineData(""" "attachments":[{}] """, "\"attachments\":[]")]
    [InlineData(Whole, "\"text\":null,\"data\":null,\"attachments\":null")]
    [InlineData(""" "text":"a" """, "\"text\":5")]
    [InlineData(""" "text":"a" """, "\"mentions\":[\"a \"]")]
    [InlineData(""" "text":"a" """, "\"mentions\":\"ann\"")]
    [InlineData(""" "text":"a" """, "\"attachments\":[5]")]
    public async Task An_edit_that_leaves_nothing_or_has_a_wrong_form_is_invalid_and_changes_nothing(string message, string change)
    {
        var (ann, channel) = await WithChannelAsync();
        (await PublishRawAsync(ann, channel, NewId(), message)).ShouldBe("published");
        (await RequestRawAsync(ann, "edit", $"\"channel\":\"{channel}\",\"sequence\":1,{change}")).ShouldBeError("invalid");
        (await MessageAsync(ann, channel, 1)).ShouldBeMessage(channel, 1, 1, ann.User).ShouldLack("editedAt");
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"text\":\"a\"")]
    [InlineData(",\"data\":{\"k\":\"v\",\"n\":10e-1}")]
    [InlineData(",\"text\":\"\\u0061\",\"attachments\":[{\"url\":\"u\"}],\"mentions\":[\"ann\"]")]
    public async Task An_edit_to_what_is_there_already_has_the_present_version_and_no_event(string change)
    {
        var (ann, channel) = await WithChannelAsync();
        await SubscribeAsync(ann, channel);
        (await PublishRawAsync(ann, channel, NewId(), Whole)).ShouldBe("published");
        await PublishAsync(ann, channel);
        (await RequestRawAsync(ann, "edit", $"\"channel\":\"{channel}\",\"sequence\":1{change}")).ShouldBe("ok").Number("version").Should().Be(1);
        await PublishAsync(ann, channel);
        for (var version = 1; version <= 3; version++) (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "posted", version);
        (await MessageAsync(ann, channel, 1)).ShouldBeMessage(channel, 1, 1, ann.User).ShouldLack("editedAt");
    }

    [Fact]
    public async Task Removing_what_is_not_there_changes_nothing()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        (await RequestRawAsync(ann, "edit", $"\"channel\":\"{channel}\",\"sequence\":1,\"data\":null,\"mentions\":null"))
            .ShouldBe("ok").Number("version").Should().Be(1);
    }

    [Fact]
    public async Task A_deleted_message_cannot_be_edited()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        (await ann.RequestAsync("delete", new { channel, sequence = 1 })).ShouldBe("ok");
        (await ann.RequestAsync("edit", new { channel, sequence = 1, text = "b" })).ShouldBeError("conflict");
        (await MessageAsync(ann, channel, 1)).ShouldBeMessage(channel, 1, 2, ann.User).ShouldLack("text", "editedAt");
    }

    [Fact]
    public async Task Only_own_messages_can_be_edited_and_only_those_that_exist()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        await PublishAsync(ben, channel, "ben's");
        await PublishAsync(ann, channel, "ann's");
        (await ben.RequestAsync("edit", new { channel, sequence = 2, text = "x" })).ShouldBeError("forbidden");
        (await ann.RequestAsync("edit", new { channel, sequence = 1, text = "x" })).ShouldBeError("forbidden");
        (await ben.RequestAsync("edit", new { channel, sequence = 3, text = "x" })).ShouldBeError("not_found");
        (await ben.RequestAsync("edit", new { channel = NewName("none"), sequence = 1, text = "x" })).ShouldBeError("not_found");
        (await HistoryAsync(ann, channel)).Items("messages").Select(message => message.Number("version")).Should().Equal(1, 2);
    }

    [Fact]
    public async Task Reactions_survive_an_edit()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "+1" });
        await ann.RequestAsync("edit", new { channel, sequence = 1, text = "b" });
        (await MessageAsync(ann, channel, 1)).ShouldBeMessage(channel, 1, 3, ann.User).Field("reactions").Field("+1").Number("count").Should().Be(1);
    }
}
