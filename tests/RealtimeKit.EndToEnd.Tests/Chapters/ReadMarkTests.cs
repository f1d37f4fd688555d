using System.Text.Json;
using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`read` marks and what they count.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class ReadMarkTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task A_mark_moves_forward_only_and_not_beyond_the_last_message()
    {
        var (ann, ben, channel) = await WithMemberAsync();
        await PublishManyAsync(ann, channel, 5);
        foreach (var (sequence, mark) in new[] { (3L, 3L), (2, 3), (4, 4), (100, 5), (1, 5), (9007199254740991, 5) })
        {
            (await ben.RequestAsync("read", new { channel, sequence })).ShouldBe("ok");
            (await SubscribeAsync(ben, channel)).Number("read").Should().Be(mark);
        }

        await PublishAsync(ann, channel);
        (await SubscribeAsync(ben, channel)).Number("read").Should().Be(5, "the last at the time, not what was asked");
        (await SubscribeAsync(ann, channel)).Number("read").Should().Be(0, "publishing does not move the mark");
    }

    [Fact]
    public async Task A_mark_in_an_empty_channel_stays_at_nothing()
    {
        var (ann, channel) = await WithChannelAsync();
        (await ann.RequestAsync("read", new { channel, sequence = 3 })).ShouldBe("ok");
        (await SubscribeAsync(ann, channel)).Number("read").Should().Be(0);
    }

    [Fact]
    public async Task Unread_counts_messages_above_the_mark_by_others_that_are_not_deleted()
    {
        var (ann, ben, channel) = await WithMemberAsync();
        (await EntryAsync(ben, channel)).Should().Be((0, 0, 0));
        await PublishManyAsync(ann, channel, 3);
        await PublishAsync(ben, channel, "own");
        (await EntryAsync(ben, channel)).Should().Be((0, 3, 0));
        (await ann.RequestAsync("delete", new { channel, sequence = 2 })).ShouldBe("ok");
        (await EntryAsync(ben, channel)).Should().Be((0, 2, 0));
        (await ben.RequestAsync("read", new { channel, sequence = 1 })).ShouldBe("ok");
        (await EntryAsync(ben, channel)).Should().Be((1, 1, 0));
        (await ben.RequestAsync("read", new { channel, sequence = 4 })).ShouldBe("ok");
        (await EntryAsync(ben, channel)).Should().Be((4, 0, 0));
        (await EntryAsync(ann, channel)).Should().Be((0, 1, 0));
    }

    [Fact]
    public async Task Mentions_counts_the_unread_ones_that_name_the_user()
    {
        var (ann, ben, channel) = await WithMemberAsync();
        await MentionAsync(ann, channel, ben.User);
        await MentionAsync(ann, channel, "someone", ben.User);
        await MentionAsync(ann, channel, "someone");
        await MentionAsync(ben, channel, ben.User);
        (await EntryAsync(ben, channel)).Should().Be((0, 3, 2));
        (await RequestRawAsync(ann, "edit", $"\"channel\":\"{channel}\",\"sequence\":2,\"mentions\":null")).ShouldBe("ok");
        (await EntryAsync(ben, channel)).Should().Be((0, 3, 1));
        (await ann.RequestAsync("edit", new { channel, sequence = 3, mentions = new[] { ben.User } })).ShouldBe("ok");
        (await EntryAsync(ben, channel)).Should().Be((0, 3, 2));
        (await ann.RequestAsync("delete", new { channel, sequence = 3 })).ShouldBe("ok");
        (await EntryAsync(ben, channel)).Should().Be((0, 2, 1));
        (await ben.RequestAsync("read", new { channel, sequence = 1 })).ShouldBe("ok");
        (await EntryAsync(ben, channel)).Should().Be((1, 1, 0));
    }

    [Theory]
    [InlineData("public")]
    [InlineData("private")]
    public async Task In_a_channel_of_a_hundred_members_all_subscribers_are_told_and_in_a_larger_one_the_users_other_connections(string kind)
    {
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        var other = await ConnectAsync(ben.User);
        string[] members = [ben.User, .. Enumerable.Range(0, 98).Select(number => $"member-{number}")];
        var channel = await CreateAsync(ann, kind, members);
        foreach (var client in new[] { ann, ben, other }) await SubscribeAsync(client, channel);
        await PublishManyAsync(ann, channel, 2);
        (await ben.RequestAsync("read", new { channel, sequence = 1 })).ShouldBe("ok");
        foreach (var client in new[] { ann, other }) await ShouldHearAsync(client, channel, ben.User, 1);

        (await ann.RequestAsync("invite", new { channel, user = "one-more" })).ShouldBe("ok");
        (await ben.RequestAsync("read", new { channel, sequence = 2 })).ShouldBe("ok");
        await ShouldHearAsync(other, channel, ben.User, 2);
        foreach (var client in new[] { ann, ben })
        {
            (await other.RequestAsync("signal", new { channel, name = "marker" })).ShouldBe("ok");
            await NextSignalAsync(client, channel, "marker");
            client.Inbox.Should().NotContain(frame => IsRead(frame));
        }
    }

    [Fact]
    public async Task Readers_who_are_no_members_are_told_and_heard_of()
    {
        var (ann, channel) = await WithChannelAsync();
        var guest = await ConnectAsync();
        foreach (var client in new[] { ann, guest }) await SubscribeAsync(client, channel);
        await PublishAsync(ann, channel);
        (await guest.RequestAsync("read", new { channel, sequence = 1 })).ShouldBe("ok");
        await ShouldHearAsync(ann, channel, guest.User, 1);
        (await ann.RequestAsync("read", new { channel, sequence = 1 })).ShouldBe("ok");
        await ShouldHearAsync(guest, channel, ann.User, 1);
    }

    [Fact]
    public async Task In_a_direct_channel_the_other_user_is_told_too()
    {
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        var channel = (await ann.RequestAsync("create", new { kind = "direct", members = new[] { ben.User } })).ShouldBe("ok").Text("channel");
        await SubscribeAsync(ann, channel);
        await SubscribeAsync(ben, channel);
        await PublishAsync(ann, channel);
        (await ben.RequestAsync("read", new { channel, sequence = 1 })).ShouldBe("ok");
        var signal = await NextSignalAsync(ann, channel, "read");
        signal.Text("user").Should().Be(ben.User);
        signal.Field("data").Number("sequence").Should().Be(1);
        await PassAsync(ben);
        ben.Inbox.Should().NotContain(frame => IsRead(frame), "it does not go back to its own connection");
    }

    [Fact]
    public async Task A_read_of_what_is_not_there_is_not_found_and_without_a_sequence_invalid()
    {
        var (ann, channel) = await WithChannelAsync();
        (await ann.RequestAsync("read", new { channel = NewName("none"), sequence = 1 })).ShouldBeError("not_found");
        (await ann.RequestAsync("read", new { channel })).ShouldBeError("invalid");
    }

    private static async Task ShouldHearAsync(RawClient client, string channel, string user, long sequence)
    {
        var signal = await NextSignalAsync(client, channel, "read");
        signal.Text("user").Should().Be(user);
        signal.Field("data").Number("sequence").Should().Be(sequence);
    }

    private static bool IsRead(JsonElement frame) => frame.IsType("signal") && frame.Text("name") == "read";

    private static async Task MentionAsync(RawClient client, string channel, params string[] mentions) =>
        (await client.RequestAsync("publish", new { channel, message = new { id = NewId(), text = "x", mentions } })).ShouldBe("published");

    private static async Task<(long Read, long Unread, long Mentions)> EntryAsync(RawClient client, string channel)
    {
        var list = (await client.RequestAsync("channels")).ShouldBe("channels").Items("channels");
        var entry = list.Should().ContainSingle(item => item.Text("channel") == channel).Subject;
        return (entry.Number("read"), entry.Number("unread"), entry.Number("mentions"));
    }

    private async Task<(RawClient Ann, RawClient Ben, string Channel)> WithMemberAsync(string kind = "public")
    {
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        return (ann, ben, await CreateAsync(ann, kind, ben.User));
    }
}
