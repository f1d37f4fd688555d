using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`members`, `join` and `leave`.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class MemberTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task Members_tells_each_with_role_and_mark()
    {
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        var channel = await CreateAsync(ann, "private", ben.User);
        await PublishAsync(ann, channel);
        await ben.RequestAsync("read", new { channel, sequence = 1 });
        var reply = (await ben.RequestAsync("members", new { channel })).ShouldBe("members");
        reply.Text("channel").Should().Be(channel);
        reply.Flag("more").Should().BeFalse();
        reply.Items("members").Select(member => (member.Text("user"), member.Text("role"), member.Number("read")))
            .Should().BeEquivalentTo([(ann.User, "owner", 0L), (ben.User, "member", 1L)]);
        foreach (var member in reply.Items("members"))
        {
            if (member.Has("muted")) member.Flag("muted").Should().BeFalse();
            member.ShouldLack("mutedUntil");
        }
    }

    [Fact]
    public async Task Members_come_in_pages()
    {
        var ann = await ConnectAsync();
        var others = Enumerable.Range(0, 6).Select(_ => NewName("user")).ToArray();
        var channel = await CreateAsync(ann, "public", others);
        var seen = new List<string>();
        string? after = null;
        while (true)
        {
            var page = (await ann.RequestAsync("members", new { channel, limit = 3, after })).ShouldBe("members");
            page.Items("members").Should().NotBeEmpty().And.HaveCountLessThanOrEqualTo(3);
            seen.AddRange(page.Items("members").Select(member => member.Text("user")));
            if (!page.Flag("more")) break;
            after = seen[^1];
        }

        seen.Should().BeEquivalentTo([ann.User, .. others]);
        seen.Should().OnlyHaveUniqueItems();
    }

    [Theory]
    [InlineData("\"limit\":0")]
    [InlineData("\"limit\":1.0")]
    [InlineData("\"after\":5")]
    [InlineData("\"after\":\" a\"")]
    public async Task A_request_of_wrong_form_is_invalid(string fields)
    {
        var (ann, channel) = await WithChannelAsync();
        (await RequestRawAsync(ann, "members", $"\"channel\":\"{channel}\",{fields}")).ShouldBeError("invalid");
    }

    [Fact]
    public async Task Who_joins_is_a_member_and_who_leaves_is_not()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        (await MembersAsync(ben, channel)).Should().Equal(ann.User);
        (await ben.RequestAsync("join", new { channel })).ShouldBe("ok");
        (await SubscribeAsync(ben, channel)).Text("role").Should().Be("member");
        (await MembersAsync(ann, channel)).Should().BeEquivalentTo([ann.User, ben.User]);
        (await ben.RequestAsync("leave", new { channel })).ShouldBe("ok");
        (await MembersAsync(ann, channel)).Should().Equal(ann.User);
        (await SubscribeAsync(ben, channel)).ShouldLack("role");
    }

    [Fact]
    public async Task Joining_twice_is_ok_and_changes_nothing()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        for (var n = 0; n < 2; n++) (await ben.RequestAsync("join", new { channel })).ShouldBe("ok");
        (await ann.RequestAsync("join", new { channel })).ShouldBe("ok");
        (await MembersAsync(ann, channel)).Should().BeEquivalentTo([ann.User, ben.User]);
        (await SubscribeAsync(ann, channel)).Text("role").Should().Be("owner");
    }

    [Fact]
    public async Task A_public_channel_is_open_to_who_has_not_joined_and_to_who_has_left()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        for (var round = 0; round < 2; round++)
        {
            await SubscribeAsync(ben, channel);
            var sequence = (await PublishAsync(ben, channel)).Number("sequence");
            (await ben.RequestAsync("react", new { channel, sequence, reaction = "a" })).ShouldBe("ok");
            (await ben.RequestAsync("signal", new { channel, name = "typing" })).ShouldBe("ok");
            (await HistoryAsync(ben, channel)).Items("messages").Should().NotBeEmpty();
            (await ben.RequestAsync("join", new { channel })).ShouldBe("ok");
            (await ben.RequestAsync("leave", new { channel })).ShouldBe("ok");
        }
    }

    [Fact]
    public async Task The_last_owner_cannot_leave()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        (await ben.RequestAsync("join", new { channel })).ShouldBe("ok");
        (await ann.RequestAsync("leave", new { channel })).ShouldBeError("conflict");
        (await MembersAsync(ann, channel)).Should().BeEquivalentTo([ann.User, ben.User]);
    }

    [Fact]
    public async Task Who_leaves_a_private_channel_is_out_and_the_others_are_told()
    {
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        var other = await ConnectAsync(ben.User);
        var channel = await CreateAsync(ann, "private", ben.User);
        foreach (var client in new[] { ann, ben, other }) await SubscribeAsync(client, channel);
        (await ben.RequestAsync("leave", new { channel })).ShouldBe("ok");
        foreach (var client in new[] { ben, other })
        {
            var revoked = await client.WaitForAsync(frame => frame.IsType("revoked"));
            revoked.Text("channel").Should().Be(channel);
            revoked.Text("reason").Should().Be("left");
            revoked.ShouldLack("id");
        }

        var member = await ann.WaitForAsync(frame => frame.IsType("member"));
        member.Text("channel").Should().Be(channel);
        member.Text("user").Should().Be(ben.User);
        member.Text("change").Should().Be("left");
        member.ShouldLack("version");

        (await ben.RequestAsync("history", new { channel })).ShouldBeError("not_found");
        (await ben.RequestAsync("subscribe", new { channel })).ShouldBeError("not_found");
        await PublishAsync(ann, channel, "secret");
        (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "posted", 1);
        await PassAsync(ben);
        ben.Log.Should().NotContain(frame => frame.IsType("event"));
    }

    [Fact]
    public async Task What_is_not_there_is_not_found()
    {
        var ann = await ConnectAsync();
        foreach (var type in new[] { "members", "join", "leave" })
        {
            (await ann.RequestAsync(type, new { channel = NewName("none") })).ShouldBeError("not_found");
            (await ann.RequestAsync(type)).ShouldBeError("invalid");
        }
    }

    private static async Task<IReadOnlyList<string>> MembersAsync(RawClient client, string channel)
    {
        var reply = (await client.RequestAsync("members", new { channel })).ShouldBe("members");
        return [.. reply.Items("members").Select(member => member.Text("user"))];
    }
}
