using System.Text.Json;
using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`channels`: the list a client opens with.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class ChannelListTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task An_entry_tells_all_about_its_channel()
    {
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        var channel = NewName("room");
        (await ann.RequestAsync("create", new { channel, kind = "private", name = "The room é", members = new[] { ben.User } })).ShouldBe("ok");
        var entry = await EntryAsync(ben, channel);
        entry.Text("name").Should().Be("The room é");
        entry.Text("kind").Should().Be("private");
        entry.Text("role").Should().Be("member");
        entry.Number("sequence").Should().Be(0);
        entry.Number("version").Should().Be(0);
        entry.Number("read").Should().Be(0);
        entry.Number("unread").Should().Be(0);
        entry.Number("mentions").Should().Be(0);
        entry.ShouldLack("last");
        (await EntryAsync(ann, channel)).Text("role").Should().Be("owner");

        await PublishManyAsync(ann, channel, 2);
        await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "a" });
        entry = await EntryAsync(ben, channel);
        entry.Number("sequence").Should().Be(2);
        entry.Number("version").Should().Be(3);
        entry.Number("unread").Should().Be(2);
        entry.Field("last").ShouldBeMessage(channel, 2, 2, ann.User).Text("text").Should().Be("text 2");
    }

    [Fact]
    public async Task Only_channels_the_user_is_a_member_of_are_listed()
    {
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        var joined = await CreateAsync(ann);
        var visited = await CreateAsync(ann);
        var hidden = await CreateAsync(ann, "private");
        (await ben.RequestAsync("join", new { channel = joined })).ShouldBe("ok");
        await SubscribeAsync(ben, visited);
        await PublishAsync(ben, visited);
        var names = await NamesAsync(ben);
        names.Should().Contain(joined).And.NotContain([visited, hidden]);
        (await ben.RequestAsync("leave", new { channel = joined })).ShouldBe("ok");
        (await NamesAsync(ben)).Should().NotContain(joined);
    }

    [Fact]
    public async Task The_kind_of_each_is_told_and_a_channel_without_a_name_has_none()
    {
        var ann = await ConnectAsync();
        var open = await CreateAsync(ann);
        var direct = (await ann.RequestAsync("create", new { kind = "direct", members = new[] { NewName("ben") } })).ShouldBe("ok").Text("channel");
        (await EntryAsync(ann, open)).Text("kind").Should().Be("public");
        (await EntryAsync(ann, open)).ShouldLack("name");
        (await EntryAsync(ann, direct)).Text("kind").Should().Be("direct");
    }

    [Fact]
    public async Task The_latest_change_or_else_creation_comes_first()
    {
        var ann = await ConnectAsync();
        var made = new List<string>();
        for (var n = 0; n < 4; n++)
        {
            made.Add(await CreateAsync(ann));
            await TickAsync(ann);
        }

        await ShouldBeOrderedAsync(3, 2, 1, 0);
        await PublishAsync(ann, made[1]);
        await TickAsync(ann);
        await ShouldBeOrderedAsync(1, 3, 2, 0);
        await PublishAsync(ann, made[2]);
        await TickAsync(ann);
        await ShouldBeOrderedAsync(2, 1, 3, 0);
        (await ann.RequestAsync("edit", new { channel = made[1], sequence = 1, text = "edited" })).ShouldBe("ok");
        await TickAsync(ann);
        await ShouldBeOrderedAsync(1, 2, 3, 0);
        made.Add(await CreateAsync(ann));
        await ShouldBeOrderedAsync(4, 1, 2, 3, 0);

        async Task ShouldBeOrderedAsync(params int[] order) =>
            (await NamesAsync(ann)).Where(made.Contains).Should().Equal(order.Select(index => made[index]));
    }

    [Fact]
    public async Task The_list_comes_in_pages()
    {
        var ann = await ConnectAsync();
        var made = new List<string>();
        for (var n = 0; n < 7; n++) made.Add(await CreateAsync(ann));
        var whole = await NamesAsync(ann);
        var paged = new List<string>();
        string? before = null;
        while (true)
        {
            var page = (await ann.RequestAsync("channels", new { limit = 3, before })).ShouldBe("channels");
            page.Items("channels").Should().HaveCountLessThanOrEqualTo(3);
            paged.AddRange(page.Items("channels").Select(entry => entry.Text("channel")));
            if (!page.Flag("more")) break;
            before = page.Text("next");
        }

        paged.Should().Equal(whole);
        paged.Should().Contain(made).And.OnlyHaveUniqueItems();
    }

    [Fact]
    public async Task Someone_without_channels_has_an_empty_list()
    {
        var reply = (await (await ConnectAsync()).RequestAsync("channels")).ShouldBe("channels");
        reply.Items("channels").Should().BeEmpty();
        reply.Flag("more").Should().BeFalse();
    }

    [Theory]
    [InlineData("\"limit\":0")]
    [InlineData("\"limit\":\"5\"")]
    [InlineData("\"before\":5")]
    [InlineData("\"before\":[]")]
    public async Task A_request_of_wrong_form_is_invalid(string fields)
    {
        var ann = await ConnectAsync();
        (await RequestRawAsync(ann, "channels", fields)).ShouldBeError("invalid");
    }

    [Fact]
    public async Task A_before_that_the_server_never_gave_breaks_nothing()
    {
        var ann = await ConnectAsync();
        await CreateAsync(ann);
        var reply = await ann.RequestAsync("channels", new { before = "nonsense" });
        if (!reply.IsType("channels")) reply.ShouldBeError("invalid");
        await PassAsync(ann);
    }

    /// <summary>Waits until the server's clock has moved on by a millisecond, the precision of its times, by asking it.</summary>
    private static async Task TickAsync(RawClient client)
    {
        var probe = await CreateAsync(client);
        var first = (await PublishAsync(client, probe)).Time("time");
        while ((await PublishAsync(client, probe)).Time("time") == first) await PassAsync(client);
    }

    private static async Task<IReadOnlyList<string>> NamesAsync(RawClient client)
    {
        var list = (await client.RequestAsync("channels", new { limit = 200 })).ShouldBe("channels");
        return [.. list.Items("channels").Select(entry => entry.Text("channel"))];
    }

    private static async Task<JsonElement> EntryAsync(RawClient client, string channel) =>
        (await client.RequestAsync("channels")).ShouldBe("channels").Items("channels").Should().ContainSingle(entry => entry.Text("channel") == channel).Subject;
}
