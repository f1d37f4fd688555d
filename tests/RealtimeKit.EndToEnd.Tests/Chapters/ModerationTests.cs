using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`report`, `reports`, `resolve`, `block`, `unblock`, `blocked` and `directory`.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class ModerationTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task A_reported_message_is_kept_for_moderators_as_it_was()
    {
        var (ann, ben, cy) = (await ConnectAsync(), await ConnectAsync(), await ConnectAsync());
        var channel = await CreateAsync(ann, "private", ben.User, cy.User);
        await PublishAsync(ben, channel, "rude");
        (await cy.RequestAsync("report", new { channel, sequence = 1, reason = "why" })).ShouldBe("ok");
        (await ben.RequestAsync("edit", new { channel, sequence = 1, text = "nice" })).ShouldBe("ok");
        (await ann.RequestAsync("report", new { channel, sequence = 1 })).ShouldBe("ok");
        (await ben.RequestAsync("reports", new { channel })).ShouldBeError("forbidden");
        (await (await ConnectAsync()).RequestAsync("report", new { channel, sequence = 1 })).ShouldBeError("not_found");
        var report = (await ann.RequestAsync("reports", new { channel })).ShouldBe("reports").Items("reports").Single();
        report.Field("message").Text("text").Should().Be("rude");
        report.Items("reporters").Select(user => user.GetString()).Should().Equal(cy.User, ann.User);
        (report.Text("reason"), report.Text("state")).Should().Be(("why", "open"));
        (await ann.RequestAsync("resolve", new { channel, report = report.Text("report"), state = "acted" })).ShouldBe("ok");
        (await ann.RequestAsync("actions", new { channel })).Items("actions")[0].Text("change").Should().Be("resolve");
    }

    [Fact]
    public async Task Whoever_is_blocked_writes_nothing_in_the_direct_channel()
    {
        var (ann, ben) = (await ConnectAsync(), await ConnectAsync());
        (await ann.RequestAsync("block", new { user = ben.User })).ShouldBe("ok");
        (await ben.RequestAsync("create", new { kind = "direct", members = new[] { ann.User } })).ShouldBeError("forbidden");
        var channel = (await ann.RequestAsync("create", new { kind = "direct", members = new[] { ben.User } })).ShouldBe("ok").Text("channel");
        (await ben.RequestAsync("create", new { kind = "direct", members = new[] { ann.User } })).ShouldBe("ok").Text("channel").Should().Be(channel);
        await PublishAsync(ann, channel, "listen");
        foreach (var (type, fields) in new (string, object)[]
        {
            ("publish", new { channel, message = new { id = NewId(), text = "x" } }), ("react", new { channel, sequence = 1, reaction = "+" }), ("signal", new { channel, name = "typing" }),
        })
            (await ben.RequestAsync(type, fields)).ShouldBeError("forbidden");
        (await ann.RequestAsync("blocked")).ShouldBe("blocked").Items("users").Select(user => user.GetString()).Should().Equal(ben.User);
        (await ann.RequestAsync("unblock", new { user = ben.User })).ShouldBe("ok");
        await PublishAsync(ben, channel, "thanks");
    }

    [Fact]
    public async Task The_directory_finds_public_channels_by_the_words_of_their_names()
    {
        var (ann, ben) = (await ConnectAsync(), await ConnectAsync());
        var word = NewName("w").Replace("-", "", StringComparison.Ordinal);
        var rooms = new List<string>();
        foreach (var name in new[] { $"beta {word}", $"Alpha {word}", $"{word} gamma" })
        {
            rooms.Add(await CreateAsync(ann, "public", ben.User));
            (await ann.RequestAsync("update", new { channel = rooms[^1], name })).ShouldBe("ok");
        }

        (await DirectoryAsync(word)).Should().Equal(rooms[1], rooms[0], rooms[2]);
        (await DirectoryAsync($"{word.ToUpperInvariant()} ga")).Should().Equal(rooms[2]);
        (await DirectoryAsync(word[1..])).Should().BeEmpty();
        (await ann.RequestAsync("ban", new { channel = rooms[0], user = ben.User })).ShouldBe("ok");
        (await DirectoryAsync(word)).Should().Equal(rooms[1], rooms[2]);

        async Task<List<string>> DirectoryAsync(string query)
        {
            var found = new List<string>();
            var reply = (await ben.RequestAsync("directory", new { query, limit = 1 })).ShouldBe("directory");
            while (true)
            {
                found.AddRange(reply.Items("channels").Select(channel => channel.Text("channel")));
                if (!reply.Flag("more")) return found;
                reply = (await ben.RequestAsync("directory", new { query, limit = 1, before = reply.Text("next") })).ShouldBe("directory");
            }
        }
    }
}
