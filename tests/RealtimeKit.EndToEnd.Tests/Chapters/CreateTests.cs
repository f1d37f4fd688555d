using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`create` of public and private channels.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class CreateTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Theory]
    [InlineData("public")]
    [InlineData("private")]
    public async Task A_channel_is_made_with_the_name_that_was_asked_for(string kind)
    {
        var ann = await ConnectAsync();
        var channel = NewName("made");
        (await ann.RequestAsync("create", new { channel, kind, name = "Made" })).ShouldBe("ok").Text("channel").Should().Be(channel);
        (await SubscribeAsync(ann, channel)).Number("version").Should().Be(0);
        (await PublishAsync(ann, channel)).Number("sequence").Should().Be(1);
    }

    [Theory]
    [InlineData("public")]
    [InlineData("private")]
    public async Task A_channel_without_a_name_is_given_one(string kind)
    {
        var ann = await ConnectAsync();
        var first = (await ann.RequestAsync("create", new { kind })).ShouldBe("ok").Text("channel");
        var second = (await ann.RequestAsync("create", new { kind })).ShouldBe("ok").Text("channel");
        first.Should().MatchRegex("^[A-Za-z0-9._:@-]{1,128}$").And.NotBe(second);
        await SubscribeAsync(ann, first);
    }

    [Theory]
    [InlineData("public")]
    [InlineData("private")]
    public async Task A_taken_name_is_a_conflict_and_a_hidden_channels_too(string kind)
    {
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        var channel = await CreateAsync(ann, kind);
        await PublishAsync(ann, channel);
        foreach (var again in new[] { "public", "private" })
        {
            (await ben.RequestAsync("create", new { channel, kind = again })).ShouldBeError("conflict");
            (await ann.RequestAsync("create", new { channel, kind = again })).ShouldBeError("conflict");
        }

        (await HistoryAsync(ann, channel)).Sequences().Should().Equal(1);
    }

    [Fact]
    public async Task Of_two_who_ask_for_one_name_at_once_one_has_it()
    {
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        for (var n = 0; n < 10; n++)
        {
            var channel = NewName("raced");
            var replies = await Task.WhenAll(ann.RequestAsync("create", new { channel, kind = "public" }), ben.RequestAsync("create", new { channel, kind = "public" }));
            replies.Count(reply => reply.IsType("ok")).Should().Be(1);
            replies.Single(reply => !reply.IsType("ok")).ShouldBeError("conflict");
        }
    }

    [Fact]
    public async Task Names_differ_by_case()
    {
        var ann = await ConnectAsync();
        var channel = NewName("case");
        (await ann.RequestAsync("create", new { channel, kind = "public" })).ShouldBe("ok");
        (await ann.RequestAsync("create", new { channel = channel.ToUpperInvariant(), kind = "public" })).ShouldBe("ok");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\"kind\":null")]
    [InlineData("\"kind\":5")]
    [InlineData("\"kind\":\"secret\"")]
    [InlineData("\"kind\":\"Public\"")]
    [InlineData("\"kind\":\"public\",\"channel\":\"\"")]
    [InlineData("\"kind\":\"public\",\"channel\":\"a b\"")]
    [InlineData("\"kind\":\"public\",\"channel\":5")]
    [InlineData("\"kind\":\"public\",\"name\":5")]
    [InlineData("\"kind\":\"public\",\"members\":\"ann\"")]
    [InlineData("\"kind\":\"public\",\"members\":[5]")]
    [InlineData("\"kind\":\"public\",\"members\":[\" a\"]")]
    [InlineData("\"kind\":\"public\",\"members\":[null]")]
    public async Task A_create_of_wrong_form_is_invalid(string fields)
    {
        var ann = await ConnectAsync();
        (await RequestRawAsync(ann, "create", fields)).ShouldBeError("invalid");
    }

    [Fact]
    public async Task A_name_has_at_most_128_characters()
    {
        var ann = await ConnectAsync();
        var stem = NewName("n");
        (await ann.RequestAsync("create", new { channel = stem.PadRight(128, 'x'), kind = "public" })).ShouldBe("ok");
        (await ann.RequestAsync("create", new { channel = stem.PadRight(129, 'x'), kind = "public" })).ShouldBeError("invalid");
        (await ann.RequestAsync("create", new { channel = stem + "-_.:@Az09", kind = "public" })).ShouldBe("ok");
    }

    [Fact]
    public async Task Members_named_at_creation_are_members()
    {
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        var channel = await CreateAsync(ann, "private", ben.User, ann.User);
        (await SubscribeAsync(ben, channel)).Text("role").Should().Be("member");
        (await SubscribeAsync(ann, channel)).Text("role").Should().Be("owner");
        (await PublishAsync(ben, channel)).Number("sequence").Should().Be(1);
    }
}
