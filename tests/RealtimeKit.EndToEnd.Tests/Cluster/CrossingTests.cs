using FluentAssertions;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Cluster;

/// <summary>Whatever happens on one node is seen on the others.</summary>
[Collection(nameof(ClusterCollection))]
public sealed class CrossingTests(ClusterNodes cluster) : ClusterTest(cluster)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_message_is_in_the_history_of_every_node_when_it_is_acknowledged_and_reaches_their_readers()
    {
        var (ann, bob, cid) = (await ConnectAsync(N1, NewName("ann")), await ConnectAsync(N2, NewName("bob")), await ConnectAsync(N3, NewName("cid")));
        var channel = await CreateAsync(ann);
        await SubscribeAsync(bob, channel);
        await SubscribeAsync(cid, channel);
        for (var n = 1; n <= 20; n++)
        {
            var published = await PublishAsync(ann, channel, $"hello {n}");
            foreach (var other in new[] { bob, cid })
            {
                (await HistoryAsync(other, channel, new { limit = 1 })).Items("messages").Single().Text("text").Should().Be($"hello {n}");
                var come = await ComesAsync(other, channel, message => message.Text("text") == $"hello {n}");
                come.Number("version").Should().Be(published.Number("version"));
            }
        }
    }

    [Fact]
    public async Task Three_nodes_that_publish_at_once_have_one_order_without_gaps_which_all_readers_see()
    {
        const int each = 50;
        var people = new[] { await ConnectAsync(N1, NewName("ann")), await ConnectAsync(N2, NewName("bob")), await ConnectAsync(N3, NewName("cid")) };
        var channel = await CreateAsync(people[0]);
        foreach (var person in people) await SubscribeAsync(person, channel);
        var published = await Task.WhenAll(people.Select(person => PublishManyAsync(person, channel, each)));
        published.SelectMany(replies => replies).Select(reply => reply.Number("sequence")).Order().Should().Equal(Enumerable.Range(1, 3 * each).Select(n => (long)n));
        foreach (var replies in published) replies.Select(reply => reply.Number("sequence")).Should().BeInAscendingOrder();

        // A node that finds a hole brings `changes` in place of events: both say which version they reach.
        var history = (await HistoryAsync(people[0], channel, new { after = 0, limit = 200 })).Items("messages").Select(message => (message.Number("sequence"), message.Text("id"))).ToList();
        foreach (var person in people)
        {
            var seen = new List<(long, string)>();
            while (seen.Count < 3 * each)
            {
                var frame = await person.WaitForAsync(frame => (frame.IsType("event") || frame.IsType("changes")) && frame.Text("channel") == channel);
                var messages = frame.IsType("event") ? [frame.Field("message")] : frame.Items("messages");
                seen.AddRange(messages.Select(message => (message.Number("sequence"), message.Text("id"))));
            }

            seen.Should().Equal(history);
        }
    }

    [Fact]
    public async Task Edits_deletions_and_reactions_cross()
    {
        var (ann, bob) = (await ConnectAsync(N1, NewName("ann")), await ConnectAsync(N2, NewName("bob")));
        var channel = await CreateAsync(ann);
        await SubscribeAsync(bob, channel);
        await PublishAsync(ann, channel, "first");
        await ComesAsync(bob, channel, message => message.Text("text") == "first");
        (await ann.RequestAsync("edit", new { channel, sequence = 1, text = "better" })).ShouldBe("ok");
        await ComesAsync(bob, channel, message => message.Text("text") == "better");
        (await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "👍" })).ShouldBe("ok");
        await ComesAsync(bob, channel, message => message.Has("reactions") && message.Field("reactions").Has("👍"));
        (await ann.RequestAsync("delete", new { channel, sequence = 1 })).ShouldBe("ok");
        await ComesAsync(bob, channel, message => message.Has("deletedAt"));
    }

    [Fact]
    public async Task A_retry_on_another_node_is_known_there()
    {
        var name = NewName("ann");
        var (here, there) = (await ConnectAsync(N1, name), await ConnectAsync(N2, name));
        var channel = await CreateAsync(here);
        var id = NewId();
        var first = await PublishAsync(here, channel, "once", id);
        var again = await PublishAsync(there, channel, "once", id);
        again.ShouldBePublished(channel, id, first.Number("sequence"), first.Number("version"), duplicate: true);
    }

    [Fact]
    public async Task One_user_on_two_nodes_is_one_user_with_two_connections_for_every_node()
    {
        var name = NewName("ann");
        var (here, there, bob) = (await ConnectAsync(N1, name), await ConnectAsync(N2, name), await ConnectAsync(N3, NewName("bob")));
        var channel = await CreateAsync(bob);
        await SubscribeAsync(bob, channel);
        await SubscribeAsync(here, channel);
        (await bob.WaitForAsync(frame => frame.IsType("signal") && frame.Text("user") == name)).Field("data").Text("status").Should().Be("online");
        await SubscribeAsync(there, channel);
        foreach (var person in new[] { here, there, bob })
        {
            await UntilAsync(
                () => person.RequestAsync("presence", new { channel }),
                answer => answer.Items("users").Count == 2 && answer.Items("users").Single(user => user.Text("user") == name).Number("connections") == 2, Soon);
        }

        await here.CloseAsync();
        await UntilAsync(
            () => bob.RequestAsync("presence", new { channel }),
            answer => answer.Items("users").Single(user => user.Text("user") == name).Number("connections") == 1, Soon);
        bob.Inbox.Should().NotContain(frame => frame.IsType("signal") && frame.Text("user") == name, "the user never went");
        await there.CloseAsync();
        (await bob.WaitForAsync(frame => frame.IsType("signal") && frame.Text("user") == name)).Field("data").Text("status").Should().Be("offline");
        (await bob.RequestAsync("presence", new { channel })).Items("users").Should().ContainSingle();
    }

    [Fact]
    public async Task Typing_crosses()
    {
        var (ann, bob) = (await ConnectAsync(N1, NewName("ann")), await ConnectAsync(N2, NewName("bob")));
        var channel = await CreateAsync(ann);
        await SubscribeAsync(bob, channel);
        (await ann.RequestAsync("signal", new { channel, name = "typing", data = new { at = 1 } })).ShouldBe("ok");
        var typing = await NextSignalAsync(bob, channel, "typing");
        typing.Text("user").Should().Be(ann.User);
        typing.Field("data").ShouldEqualJson("""{"at":1}""");
    }

    [Fact]
    public async Task Read_marks_cross_to_the_users_other_connection_and_in_direct_channels_to_the_other_user()
    {
        var name = NewName("ann");
        var (here, there, bob) = (await ConnectAsync(N1, name), await ConnectAsync(N2, name), await ConnectAsync(N3, NewName("bob")));
        var created = await here.RequestAsync("create", new { kind = "direct", members = new[] { bob.User } });
        var channel = created.ShouldBe("ok").Text("channel");
        await SubscribeAsync(there, channel);
        await SubscribeAsync(bob, channel);
        await PublishAsync(bob, channel);
        (await here.RequestAsync("read", new { channel, sequence = 1 })).ShouldBe("ok");
        foreach (var other in new[] { there, bob })
        {
            var mark = await NextSignalAsync(other, channel, "read");
            mark.Text("user").Should().Be(name);
            mark.Field("data").Number("sequence").Should().Be(1);
        }

        (await SubscribeAsync(there, channel)).Number("read").Should().Be(1);
    }

    [Fact]
    public async Task Pins_cross_and_in_small_channels_read_marks_do()
    {
        var (ann, bob) = (await ConnectAsync(N1, NewName("ann")), await ConnectAsync(N2, NewName("bob")));
        var channel = await CreateAsync(ann);
        foreach (var client in new[] { ann, bob }) await SubscribeAsync(client, channel);
        await PublishAsync(ann, channel, "first");
        (await ann.RequestAsync("pin", new { channel, sequence = 1 })).ShouldBe("ok");
        await ComesAsync(bob, channel, message => message.Has("pinnedBy") && message.Text("pinnedBy") == ann.User);
        (await HistoryAsync(bob, channel, new { pinned = true })).Items("messages").Should().ContainSingle();
        (await bob.RequestAsync("read", new { channel, sequence = 1 })).ShouldBe("ok");
        var mark = await NextSignalAsync(ann, channel, "read");
        (mark.Text("user"), mark.Field("data").Number("sequence")).Should().Be((bob.User, 1));
        (await ann.RequestAsync("unpin", new { channel, sequence = 1 })).ShouldBe("ok");
        await ComesAsync(bob, channel, message => message.Number("version") == 3 && !message.Has("pinnedBy"));
    }

    [Fact]
    public async Task Whoever_leaves_a_private_channel_on_one_node_reads_it_on_none()
    {
        var name = NewName("ann");
        var (here, there, bob) = (await ConnectAsync(N1, name), await ConnectAsync(N2, name), await ConnectAsync(N3, NewName("bob")));
        var channel = await CreateAsync(bob, "private", name);
        await SubscribeAsync(there, channel);
        (await here.RequestAsync("leave", new { channel })).ShouldBe("ok");
        var revoked = await there.WaitForAsync(frame => frame.IsType("revoked"));
        revoked.Text("channel").Should().Be(channel);
        revoked.Text("reason").Should().Be("left");
        await PublishAsync(bob, channel, "a secret");
        (await there.RequestAsync("history", new { channel })).ShouldBeError("not_found");
        await PassAsync(there);
        there.Log.Should().NotContain(frame => frame.IsType("event"));
    }
}
