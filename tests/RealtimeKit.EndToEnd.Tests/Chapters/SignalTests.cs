using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`signal`: told at once, never stored.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class SignalTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Theory]
    [InlineData("cursor", """{"x":1,"y":[2,"é"]}""")]
    [InlineData("cursor", "0")]
    [InlineData("cursor", "\"text\"")]
    [InlineData("cursor", "null")]
    [InlineData("typing", null)]
    public async Task A_signal_reaches_the_subscribers(string name, string? data)
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        await SubscribeAsync(ben, channel);
        var fields = $"\"channel\":\"{channel}\",\"name\":\"{name}\"" + (data is null ? "" : $",\"data\":{data}");
        (await RequestRawAsync(ann, "signal", fields)).ShouldBe("ok");
        var signal = await NextSignalAsync(ben, channel, name);
        signal.Text("user").Should().Be(ann.User);
        signal.ShouldLack("id", "version");
        if (data is null or "null") signal.ShouldLack("data");
        else signal.Field("data").ShouldEqualJson(data);
    }

    [Fact]
    public async Task A_signal_does_not_go_back_to_its_own_connection_but_to_the_users_others()
    {
        var (ann, channel) = await WithChannelAsync();
        var other = await ConnectAsync(ann.User);
        var ben = await ConnectAsync();
        foreach (var client in new[] { ann, other, ben }) await SubscribeAsync(client, channel);
        (await ann.RequestAsync("signal", new { channel, name = "typing", data = 1 })).ShouldBe("ok");
        (await NextSignalAsync(ben, channel, "typing")).Text("user").Should().Be(ann.User);
        (await NextSignalAsync(other, channel, "typing")).Text("user").Should().Be(ann.User);
        (await ben.RequestAsync("signal", new { channel, name = "typing" })).ShouldBe("ok");
        (await NextSignalAsync(ann, channel, "typing")).Text("user").Should().Be(ben.User, "the first that comes is ben's, not the own one");
        await PassAsync(ann);
        ann.Inbox.Should().NotContain(frame => frame.IsType("signal") && frame.Text("name") == "typing");
    }

    [Fact]
    public async Task A_signal_is_never_stored()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        (await ann.RequestAsync("signal", new { channel, name = "cursor", data = 1 })).ShouldBe("ok");
        (await HistoryAsync(ann, channel)).Sequences().Should().Equal(1);
        (await SubscribeAsync(ann, channel, new { after = 0 })).Number("version").Should().Be(1);
        (await CatchUpAsync(ann, channel)).SelectMany(page => page.Sequences()).Should().Equal(1);
        await PassAsync(ann);
        ann.Inbox.Should().NotContain(frame => frame.IsType("signal") && frame.Text("name") == "cursor");
    }

    [Fact]
    public async Task A_signal_without_id_is_told_and_not_answered()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        await SubscribeAsync(ben, channel);
        await ann.SendAsync($$"""{"type":"signal","channel":"{{channel}}","name":"cursor","data":5}""");
        await ann.SendAsync($$"""{"type":"signal","id":null,"channel":"{{channel}}","name":"cursor","data":6}""");
        (await NextSignalAsync(ben, channel, "cursor")).Number("data").Should().Be(5);
        (await NextSignalAsync(ben, channel, "cursor")).Number("data").Should().Be(6);
        await PassAsync(ann);
        ann.Inbox.Should().BeEmpty();
    }

    [Fact]
    public async Task Errors_of_a_signal_without_id_are_silent()
    {
        var (ann, channel) = await WithChannelAsync();
        foreach (var fields in new[]
        {
            $"\"channel\":\"{NewName("none")}\",\"name\":\"cursor\"", $"\"channel\":\"{channel}\",\"name\":\"presence\"", $"\"channel\":\"{channel}\"",
            "\"name\":\"cursor\"", $"\"channel\":\"{channel}\",\"name\":5", "\"channel\":\"a b\",\"name\":\"cursor\"",
            $"\"channel\":\"{channel}\",\"name\":\"{new string('n', 65)}\"", $"\"channel\":\"{channel}\",\"name\":\"cursor\",\"data\":\"\\u0000\"",
        })
        {
            await ann.SendAsync($$"""{"type":"signal",{{fields}}}""");
        }

        await PassAsync(ann);
        (await HistoryAsync(ann, channel)).Items("messages").Should().BeEmpty();
        ann.Inbox.Should().BeEmpty();
    }

    [Theory]
    [InlineData("presence")]
    [InlineData("read")]
    public async Task The_servers_own_names_are_forbidden(string name)
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        await SubscribeAsync(ben, channel);
        (await ann.RequestAsync("signal", new { channel, name, data = new { status = "offline", sequence = 1 } })).ShouldBeError("forbidden");
        (await ann.RequestAsync("signal", new { channel, name = "marker" })).ShouldBe("ok");
        await NextSignalAsync(ben, channel, "marker");
        ben.Inbox.Should().NotContain(frame => frame.IsType("signal") && frame.Text("user") == ann.User);
    }

    [Theory]
    [InlineData("\"channel\":\"$\"")]
    [InlineData("\"name\":\"cursor\"")]
    [InlineData("\"channel\":\"$\",\"name\":5")]
    [InlineData("\"channel\":\"$\",\"name\":\"\"")]
    public async Task A_signal_of_wrong_form_is_invalid(string fields)
    {
        var (ann, channel) = await WithChannelAsync();
        (await RequestRawAsync(ann, "signal", fields.Replace("$", channel, StringComparison.Ordinal))).ShouldBeError("invalid");
    }

    [Fact]
    public async Task A_channel_that_does_not_exist_is_not_found()
    {
        var ann = await ConnectAsync();
        (await ann.RequestAsync("signal", new { channel = NewName("none"), name = "cursor" })).ShouldBeError("not_found");
    }
}
