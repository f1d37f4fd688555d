using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Inboxes on two nodes: what rows say, when they come, and what a cursor brings back.</summary>
public sealed class InboxTests : IAsyncLifetime
{
    private readonly InMemoryStore _store = new();
    private readonly InMemoryBrokerNetwork _network = new();
    private TestNode _here = null!;
    private TestNode _there = null!;
    private TestClient _ann = null!;
    private InboxFold _bob = null!;
    private long _id = 10;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (_here, _there) = (await StartAsync(), await StartAsync());
        await _here.Messaging.Channels.EnsureAsync("one", ChannelKind.Private, "One", "ann", cancellationToken: Cancel);
        await _here.Messaging.Channels.EnsureAsync("two", ChannelKind.Public, owner: "ann", cancellationToken: Cancel);
        foreach (var channel in new[] { "one", "two" }) await _here.Messaging.Members.AddAsync(channel, "bob", cancellationToken: Cancel);
        _ann = await _here.ConnectAsync("ann");
        _bob = new InboxFold(await _there.ConnectAsync("bob"));
    }

    public async ValueTask DisposeAsync()
    {
        await _ann.DisposeAsync();
        await _bob.DisposeAsync();
        await _here.DisposeAsync();
        await _there.DisposeAsync();
    }

    [Fact]
    public async Task Rows_say_what_a_channel_is_to_the_user()
    {
        await PublishAsync("one", "hi", "bob");
        var reply = await _bob.OpenAsync();
        (reply.GetProperty("reset").GetBoolean(), _bob.Totals).Should().Be((true, (1, 1)));
        _bob.Rows.Keys.Should().BeEquivalentTo("one", "two");
        var row = _bob.Rows["one"];
        row.EnumerateObject().Select(field => field.Name).Should().Equal(
            "channel", "kind", "name", "role", "sequence", "version", "read", "unread", "mentions", "last", "notify", "pinned", "hidden", "changed");
        (_bob.Text("one", "kind"), _bob.Text("one", "name"), _bob.Text("one", "role")).Should().Be(("private", "One", "member"));
        (_bob.Number("one", "sequence"), _bob.Number("one", "version"), _bob.Number("one", "read"), _bob.Number("one", "unread")).Should().Be((1, 1, 0, 1));
        (_bob.Text("one", "notify"), _bob.Flag("one", "pinned"), _bob.Flag("one", "hidden")).Should().Be(("all", false, false));
        _bob.Text("one", "changed").Should().Be(row.GetProperty("last").GetProperty("time").GetString());
        _bob.Rows["two"].TryGetProperty("last", out _).Should().BeFalse();
        _bob.Text("two", "changed").Should().MatchRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$");
    }

    [Fact]
    public async Task Whatever_changes_a_row_brings_it_over_nodes()
    {
        await _bob.OpenAsync();
        await PublishAsync("one", "first", "bob");
        await _bob.UntilAsync(() => _bob.Totals == (1, 1) && _bob.Number("one", "sequence") == 1);
        await PublishAsync("two", "second");
        await _bob.UntilAsync(() => _bob.Totals == (2, 1) && _bob.Number("two", "unread") == 1);
        await AskAsync("""{"type":"edit","channel":"one","sequence":1,"text":"other","mentions":null}""");
        await _bob.UntilAsync(() => _bob.Totals == (2, 0) && _bob.Rows["one"].GetProperty("last").GetProperty("text").GetString() == "other");
        await AskAsync("""{"type":"update","channel":"one","name":"Uno","data":{"a":1}}""");
        await _bob.UntilAsync(() => _bob.Text("one", "name") == "Uno" && _bob.Rows["one"].GetProperty("data").GetRawText() == """{"a":1}""");
        await AskAsync("""{"type":"setRole","channel":"one","user":"bob","role":"moderator"}""");
        await _bob.UntilAsync(() => _bob.Text("one", "role") == "moderator");
        await using var other = await _here.ConnectAsync("bob");
        await other.RequestAsync("""{"type":"read","id":2,"channel":"one","sequence":1}""", 2);
        await _bob.UntilAsync(() => _bob.Totals == (1, 0) && _bob.Number("one", "read") == 1);
        await other.RequestAsync("""{"type":"prefer","id":3,"channel":"two","notify":"none","pinned":true,"hidden":true}""", 3);
        await _bob.UntilAsync(() => _bob.Totals == (0, 0) && _bob.Flag("two", "pinned") && _bob.Flag("two", "hidden") && _bob.Number("two", "unread") == 1);
        await PublishAsync("two", "third");
        await _bob.UntilAsync(() => !_bob.Flag("two", "hidden") && _bob.Number("two", "unread") == 2);
        _bob.Totals.Should().Be((0, 0));
        await AskAsync("""{"type":"create","channel":"three","kind":"private","members":["bob"]}""");
        await _bob.UntilAsync(() => _bob.Rows.ContainsKey("three"));
        await PublishAsync("three", "in a new one");
        await _bob.UntilAsync(() => _bob.Totals == (1, 0));
        await AskAsync("""{"type":"remove","channel":"three","user":"bob"}""");
        await _bob.UntilAsync(() => !_bob.Rows.ContainsKey("three") && _bob.Totals == (0, 0));
        await AskAsync("""{"type":"invite","channel":"three","user":"bob"}""");
        await _bob.UntilAsync(() => _bob.Rows.ContainsKey("three"));
        await AskAsync("""{"type":"ban","channel":"three","user":"bob"}""");
        await _bob.UntilAsync(() => !_bob.Rows.ContainsKey("three"));
        await _here.Messaging.Channels.DeleteAsync("one", Cancel);
        await _bob.UntilAsync(() => !_bob.Rows.ContainsKey("one"));
        _bob.Rows.Keys.Should().BeEquivalentTo("two");
    }

    [Fact]
    public async Task A_cursor_brings_what_changed_and_nothing_else()
    {
        await _bob.OpenAsync();
        var cursor = _bob.Cursor;
        // On another node, and where nothing changed, hardly anything is sent.
        await using var again = new InboxFold(await _here.ConnectAsync("bob"));
        var reply = await again.OpenAsync(cursor);
        (reply.GetProperty("reset").GetBoolean(), again.Rows.Count, again.Frames).Should().Be((false, 0, 1));
        (reply.GetRawText().Length + again.Bytes).Should().BeLessThan(1_024);

        await PublishAsync("two", "while away");
        await _here.Messaging.Members.RemoveAsync("one", "bob", cancellationToken: Cancel);
        await using var third = new InboxFold(await _here.ConnectAsync("bob"));
        foreach (var (name, row) in _bob.Rows) third.Rows.Add(name, row);
        (await third.OpenAsync(cursor)).GetProperty("reset").GetBoolean().Should().BeFalse();
        third.Rows.Keys.Should().BeEquivalentTo("two");
        (third.Number("two", "unread"), third.Totals, third.RowsSeen).Should().Be((1, (1, 0), 1));
        // What changes after it comes live.
        await PublishAsync("two", "later");
        await third.UntilAsync(() => third.Totals == (2, 0));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("strange.1.0.0")]
    [InlineData("strange.1.0.0.81b637d8")]
    [InlineData("a.b.c.d")]
    public async Task A_cursor_of_no_use_begins_anew(string cursor)
    {
        (await _bob.OpenAsync(cursor)).GetProperty("reset").GetBoolean().Should().BeTrue();
        _bob.Rows.Should().HaveCount(2);
    }

    [Fact]
    public async Task Another_users_cursor_begins_anew()
    {
        await PublishAsync("one", "hi", "bob");
        await _bob.OpenAsync();
        await using var eve = new InboxFold(await _here.ConnectAsync("eve"));
        var reply = await eve.OpenAsync(_bob.Cursor);
        (reply.GetProperty("reset").GetBoolean(), reply.GetProperty("unread").GetInt32(), reply.GetProperty("mentions").GetInt32()).Should().Be((true, 0, 0));
        await using var ann = new InboxFold(await _here.ConnectAsync("ann"));
        (await ann.OpenAsync(_bob.Cursor)).GetProperty("reset").GetBoolean().Should().BeTrue();
        ann.Rows.Should().HaveCount(2);
    }

    [Fact]
    public async Task Renewed_epochs_make_cursors_useless()
    {
        await _bob.OpenAsync();
        await _here.Messaging.Channels.RenewEpochsAsync(Cancel);
        await using var again = new InboxFold(await _here.ConnectAsync("bob"));
        (await again.OpenAsync(_bob.Cursor)).GetProperty("reset").GetBoolean().Should().BeTrue();
    }

    [Fact]
    public async Task A_second_inbox_replaces_the_first_and_a_closed_one_is_silent()
    {
        await _bob.OpenAsync();
        await _bob.OpenAsync();
        await PublishAsync("one", "once");
        await _bob.UntilAsync(() => _bob.Totals == (1, 0));
        _bob.RowsSeen.Should().Be(5);
        (await _bob.Client.RequestAsync("""{"type":"closeInbox","id":7}""", 7)).GetProperty("type").GetString().Should().Be("ok");
        (await _bob.Client.RequestAsync("""{"type":"closeInbox","id":8}""", 8)).GetProperty("type").GetString().Should().Be("ok");
        await PublishAsync("one", "twice");
        await using var witness = new InboxFold(await _there.ConnectAsync("bob"));
        await witness.OpenAsync();
        await PublishAsync("one", "thrice");
        await witness.UntilAsync(() => witness.Number("one", "sequence") == 3);
        await _bob.Client.SendAsync("""{"type":"ping","id":9}""");
        (await _bob.Client.ReadAsync())!.Value.GetProperty("type").GetString().Should().Be("ok");
    }

    [Theory]
    [InlineData("""{"type":"prefer","channel":"one"}""", "ok")]
    [InlineData("""{"type":"prefer","channel":"one","notify":null,"pinned":null,"hidden":null}""", "ok")]
    [InlineData("""{"type":"prefer","channel":"one","notify":"mentions"}""", "ok")]
    [InlineData("""{"type":"prefer","channel":"one","notify":"some"}""", "invalid")]
    [InlineData("""{"type":"prefer","channel":"one","notify":1}""", "invalid")]
    [InlineData("""{"type":"prefer","channel":"one","pinned":"true"}""", "invalid")]
    [InlineData("""{"type":"prefer","channel":"one","hidden":1}""", "invalid")]
    [InlineData("""{"type":"prefer"}""", "invalid")]
    [InlineData("""{"type":"prefer","channel":"none","pinned":true}""", "not_found")]
    [InlineData("""{"type":"prefer","channel":"hidden","pinned":true}""", "not_found")]
    [InlineData("""{"type":"prefer","channel":"open","pinned":true}""", "forbidden")]
    [InlineData("""{"type":"inbox","after":7}""", "invalid")]
    public async Task Requests_are_answered(string frame, string expected)
    {
        await _here.Messaging.Channels.EnsureAsync("hidden", ChannelKind.Private, owner: "ann", cancellationToken: Cancel);
        await _here.Messaging.Channels.EnsureAsync("open", ChannelKind.Public, owner: "ann", cancellationToken: Cancel);
        var reply = await _bob.Client.RequestAsync(frame.Insert(1, "\"id\":5,"), 5);
        (reply.TryGetProperty("code", out var code) ? code.GetString() : reply.GetProperty("type").GetString()).Should().Be(expected);
    }

    [Fact]
    public async Task The_list_of_channels_has_the_new_fields_and_whole_texts()
    {
        var text = new string('x', 499) + "🎈" + new string('y', 100);
        await PublishAsync("one", text);
        await _bob.Client.RequestAsync("""{"type":"prefer","id":2,"channel":"one","notify":"mentions","pinned":true,"hidden":true}""", 2);
        var listed = (await _bob.Client.RequestAsync("""{"type":"channels","id":3}""", 3)).GetProperty("channels").EnumerateArray().Single(row => row.GetProperty("channel").GetString() == "one");
        (listed.GetProperty("notify").GetString(), listed.GetProperty("pinned").GetBoolean(), listed.GetProperty("hidden").GetBoolean())
            .Should().Be(("mentions", true, true));
        listed.GetProperty("last").GetProperty("text").GetString().Should().Be(text);
        listed.GetProperty("last").TryGetProperty("truncated", out _).Should().BeFalse();

        await _bob.OpenAsync();
        var last = _bob.Rows["one"].GetProperty("last");
        last.GetProperty("text").GetString().Should().Be(new string('x', 499));
        last.GetProperty("truncated").GetBoolean().Should().BeTrue();
        _bob.Totals.Should().Be((0, 0));
    }

    [Fact]
    public async Task Many_channels_come_in_pages_the_latest_first()
    {
        for (var i = 0; i < 250; i++)
        {
            await _here.Messaging.Channels.EnsureAsync($"many{i}", ChannelKind.Private, owner: "bob", cancellationToken: Cancel);
            await _here.Messaging.Messages.SendAsync($"many{i}", new OutgoingMessage { Text = $"{i}" }, "ann", Cancel);
        }

        var first = await _bob.Client.RequestAsync("""{"type":"inbox","id":2}""", 2);
        first.GetProperty("unread").GetInt64().Should().Be(250);
        var frame = await _bob.Client.WaitForAsync("inbox");
        frame.GetProperty("more").GetBoolean().Should().BeTrue();
        var changed = frame.GetProperty("channels").EnumerateArray().Select(row => row.GetProperty("changed").GetString()!).ToList();
        changed.Should().BeInDescendingOrder(StringComparer.Ordinal);
        // Whoever was lost in between begins anew: such a cursor leaves out nothing.
        await using var again = new InboxFold(await _there.ConnectAsync("bob"));
        await again.OpenAsync(frame.GetProperty("cursor").GetString());
        again.Rows.Should().HaveCount(252);
        again.Frames.Should().BeGreaterThan(2);
        (await again.Client.RequestAsync("""{"type":"ping","id":2}""", 2)).GetProperty("type").GetString().Should().Be("ok");
        (await _here.Messaging.Inboxes.CountUnreadAsync("bob", Cancel)).Should().Be(new UnreadTotals(250, 0));
        (await _here.Messaging.Users.ListChannelsAsync("bob", null, 10, Cancel)).Channels.Should().HaveCount(10);
    }

    [Fact]
    public async Task The_host_sets_preferences_too()
    {
        await _bob.OpenAsync();
        (await _here.Messaging.Inboxes.SetPreferencesAsync("one", "bob", new ChannelPreferences(Pinned: true), Cancel)).Should().BeTrue();
        await _bob.UntilAsync(() => _bob.Flag("one", "pinned"));
        (await _here.Messaging.Inboxes.SetPreferencesAsync("one", "bob", new ChannelPreferences(Pinned: true), Cancel)).Should().BeFalse();
        var stranger = () => _here.Messaging.Inboxes.SetPreferencesAsync("one", "eve", new ChannelPreferences(Pinned: true), Cancel);
        await stranger.Should().ThrowAsync<NotMemberException>();
        var nowhere = () => _here.Messaging.Inboxes.SetPreferencesAsync("none", "eve", new ChannelPreferences(Pinned: true), Cancel);
        await nowhere.Should().ThrowAsync<ChannelNotFoundException>();
    }

    [Fact]
    public async Task Batches_of_members_and_blocks_bring_rows_without_repair()
    {
        var never = TimeSpan.FromMinutes(5);
        await using var here = await StartAsync(never);
        await using var there = await StartAsync(never);
        await here.Messaging.Messages.SendAsync("one", new OutgoingMessage { Text = "hi", Mentions = ["bob"] }, "ann", Cancel);
        await using var near = new InboxFold(await here.ConnectAsync("bob"));
        await using var far = new InboxFold(await there.ConnectAsync("bob"));
        InboxFold[] inboxes = [near, far];
        foreach (var inbox in inboxes) await inbox.OpenAsync();

        await here.Messaging.Channels.EnsureAsync("many", ChannelKind.Private, owner: "ann", cancellationToken: Cancel);
        await here.Messaging.Members.AddManyAsync("many", ["bob", "cid"], cancellationToken: Cancel);
        foreach (var inbox in inboxes) await inbox.UntilAsync(() => inbox.Rows.ContainsKey("many"));
        await here.Messaging.Members.RemoveManyAsync("many", ["bob", "cid"], cancellationToken: Cancel);
        await here.Messaging.Members.RemoveManyAsync("two", ["bob"], cancellationToken: Cancel);
        foreach (var inbox in inboxes) await inbox.UntilAsync(() => inbox.Rows.Keys.SequenceEqual(["one"]));

        await here.Messaging.Users.BlockAsync("bob", "ann", Cancel);
        foreach (var inbox in inboxes) await inbox.UntilAsync(() => inbox.Totals == (1, 0) && inbox.Number("one", "mentions") == 0);
        await here.Messaging.Users.UnblockAsync("bob", "ann", Cancel);
        foreach (var inbox in inboxes) await inbox.UntilAsync(() => inbox.Totals == (1, 1) && inbox.Number("one", "mentions") == 1);
        await here.Messaging.Users.MarkReadAsync("bob", "one", 1, Cancel);
        foreach (var inbox in inboxes) await inbox.UntilAsync(() => inbox.Totals == (0, 0) && inbox.Number("one", "read") == 1);
        await here.Messaging.Channels.EnsureDirectAsync("bob", "cid", Cancel);
        foreach (var inbox in inboxes) await inbox.UntilAsync(() => inbox.Rows.Count == 2);
    }

    [Fact]
    public async Task Without_a_broker_that_works_repair_brings_the_rows_level()
    {
        await _bob.OpenAsync();
        _network.Copies = _ => 0;
        await PublishAsync("one", "lost", "bob");
        await AskAsync("""{"type":"create","channel":"three","kind":"private","members":["bob"]}""");
        await using var other = await _here.ConnectAsync("bob");
        await other.RequestAsync("""{"type":"prefer","id":3,"channel":"two","pinned":true}""", 3);
        await _bob.UntilAsync(() => _bob.Totals == (1, 1) && _bob.Rows.ContainsKey("three") && _bob.Flag("two", "pinned"));
        await _here.Messaging.Members.RemoveAsync("one", "bob", cancellationToken: Cancel);
        await other.RequestAsync("""{"type":"prefer","id":4,"channel":"two","pinned":false}""", 4);
        await _bob.UntilAsync(() => !_bob.Rows.ContainsKey("one") && !_bob.Flag("two", "pinned") && _bob.Totals == (0, 0));
    }

    [Fact]
    public async Task A_channel_that_many_write_in_brings_at_most_four_rows_a_second()
    {
        await _bob.OpenAsync();
        var before = _bob.RowsSeen;
        var started = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < 150; i++)
        {
            await _here.Messaging.Messages.SendAsync("one", new OutgoingMessage { Text = $"{i}" }, "ann", Cancel);
            await Task.Delay(10, Cancel);
        }

        await _bob.UntilAsync(() => _bob.Totals == (150, 0));
        var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        (_bob.RowsSeen - before).Should().BeLessThanOrEqualTo((int)Math.Ceiling(4 * seconds)).And.BeGreaterThan(1);
    }

    private Task<JsonElement> AskAsync(string frame)
    {
        var id = _id++;
        return Checked(_ann.RequestAsync(frame.Insert(1, $"\"id\":{id},"), id));
    }

    private async Task PublishAsync(string channel, string text, params string[] mentions)
    {
        var id = _id++;
        await Checked(_ann.RequestAsync(
            JsonSerializer.Serialize(new { type = "publish", id, channel, message = new { id = Guid.NewGuid(), text, mentions } }), id));
    }

    private static async Task<JsonElement> Checked(Task<JsonElement> request)
    {
        var reply = await request;
        reply.GetProperty("type").GetString().Should().NotBe("error", reply.GetRawText());
        return reply;
    }

    private Task<TestNode> StartAsync(TimeSpan? repairs = null) => TestNode.StartAsync(
        builder => builder.UseInMemoryStore(_store).UseInMemoryBroker(_network),
        options => options.RepairInterval = repairs ?? TimeSpan.FromMilliseconds(800));
}
