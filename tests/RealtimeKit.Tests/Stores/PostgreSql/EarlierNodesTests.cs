using FluentAssertions;
using RealtimeKit.PostgreSql;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>
/// While nodes of version 1 are replaced, they write without what version 2 added. The statements here are theirs, on sessions that are theirs.
/// </summary>
public sealed class EarlierNodesTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeMilliseconds(1_750_000_000_000);

    private TemporarySchema _schema = null!;
    private PostgreSqlStore _store = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _schema = await TemporarySchema.CreateAsync();
        _store = _schema.Open();
        await Changes.CreateLobbyAsync(_store);
        await _store.AppendAsync([Changes.Post("lobby", "first words"), Changes.Post("lobby", "second"), new PinChange("lobby", Time, 1, "ann")], Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _schema.DisposeAsync();
    }

    [Theory]
    [InlineData("UPDATE channels SET version = version + 1, sequence = sequence + 1")]
    [InlineData("UPDATE members SET role = 1 WHERE user_id = 'bob'")]
    [InlineData("INSERT INTO marks(channel, sequence, user_id) SELECT id, 1, 'bob' FROM channels")]
    public async Task Row_that_an_earlier_node_changed_is_brought_by_a_cursor(string statement)
    {
        var position = await SettleAsync("bob");
        await RunAsEarlierAsync(statement);
        (await _store.FindChangedAsync("bob", position, Cancel))!.Changed.Should().Equal("lobby");
    }

    [Theory]
    [InlineData("DELETE FROM members WHERE user_id = 'bob'")]
    [InlineData("WITH gone AS (DELETE FROM channels RETURNING id) INSERT INTO discarded(channel) SELECT id FROM gone")]
    public async Task Channel_that_an_earlier_node_took_from_a_user_is_removed_by_a_cursor(string statement)
    {
        var position = await SettleAsync("bob");
        await RunAsEarlierAsync(statement);
        (await _store.FindChangedAsync("bob", position, Cancel))!.Removed.Should().Equal("lobby");
    }

    [Fact]
    public async Task Member_that_an_earlier_node_added_finds_the_channel_by_a_cursor()
    {
        var position = await SettleAsync("eve");
        await RunAsEarlierAsync("INSERT INTO members(channel, user_id, role) SELECT id, 'eve', 0 FROM channels");
        (await _store.FindChangedAsync("eve", position, Cancel))!.Changed.Should().Equal("lobby");
    }

    [Fact]
    public async Task Edit_of_an_earlier_node_is_found_by_its_new_words_when_the_background_is_done()
    {
        await RunAsEarlierAsync("UPDATE messages SET version = 4, text = 'other words' WHERE sequence = 1; UPDATE channels SET version = 4");
        (await FindAsync("first")).Should().BeEmpty();
        (await FindAsync("second")).Should().Equal(2);
        // What begins next looks for what is not indexed.
        await using var another = _schema.Open();
        await another.InitializeAsync(Cancel);
        await _schema.UntilAsync("SELECT searched FROM channels", 2L);
        (await FindAsync("other")).Should().Equal(1);
        (await FindAsync("second")).Should().Equal(2);
    }

    [Fact]
    public async Task Message_that_an_earlier_node_deleted_is_neither_pinned_nor_found()
    {
        await RunAsEarlierAsync("UPDATE messages SET version = 4, text = NULL, deleted = 1 WHERE sequence = 1; UPDATE channels SET version = 4");
        (await _store.ReadHistoryAsync(new HistoryQuery("lobby", Changes.All, Pinned: true), Cancel))!.Messages.Should().BeEmpty();
        (await FindAsync("first")).Should().BeEmpty();
    }

    [Fact]
    public async Task Mention_that_an_earlier_node_stored_or_took_back_is_counted_by_its_sender()
    {
        const string post = """
            UPDATE messages SET mentions = 'bob';
            INSERT INTO mentions(channel, sequence, user_id) SELECT id, s, 'bob' FROM channels, generate_series(1, 2) s;
            INSERT INTO tallies(channel, block, count, kind, user_id) SELECT id, 0, 2, 1, 'bob' FROM channels
            """;
        await RunAsEarlierAsync(post);
        (await MentionsAsync()).Should().Be(2);
        await RunAsEarlierAsync("DELETE FROM mentions WHERE sequence = 2; UPDATE tallies SET count = 1 WHERE kind = 1");
        (await MentionsAsync()).Should().Be(1);
        await _store.BlockAsync(new BlockChange("bob", "ann"), Cancel);
        (await MentionsAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Sessions_that_look_elsewhere_for_tables_may_write_too()
    {
        await RunAsEarlierAsync(
            $"SET search_path = pg_catalog; UPDATE {_schema.Name}.channels SET version = version + 1; DELETE FROM {_schema.Name}.members WHERE user_id = 'bob'");
        (await _store.CountMembersAsync("lobby", 10, Cancel)).Should().Be(1);
    }

    [Fact]
    public async Task Sessions_of_this_version_fire_none_of_the_triggers()
    {
        foreach (var function in new[] { "stamp_channel", "stamp_member", "stamp_mark", "note_departure", "note_departures", "index_again", "unpin_deleted", "count_mention" })
            await _schema.RunAsync($"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'fired'; END $$");
        var mention = Changes.Post("lobby", "third") with { Content = new MessageContent("third", Mentions: ["bob"]) };
        var results = await _store.AppendAsync(
            [mention, new EditChange("lobby", Time, 3, new ContentEdit(Text: new(true, "else"), Mentions: new(true, null))), new DeleteChange("lobby", Time, 1)], Cancel);
        results.Should().OnlyContain(result => result.Outcome == AppendOutcome.Appended);
        await _store.ApplyAsync(new JoinChange("lobby", "eve"), Cancel);
        await _store.MoveReadMarkAsync("lobby", "bob", 1, Cancel);
        await _store.ApplyAsync(new RoleChange("lobby", "bob", ChannelRole.Moderator), Cancel);
        await _store.ApplyAsync(new LeaveChange("lobby", "eve"), Cancel);
        (await _store.DeleteAsync("lobby", Cancel)).Should().BeTrue();
        await _schema.UntilAsync("SELECT count(*) FROM discarded", 0L);
    }

    private Task RunAsEarlierAsync(string sql) => _schema.RunAsync(sql, version: null);

    // A position after which nothing changed: others on the server may hold it back for a while.
    private async Task<InboxPosition> SettleAsync(string user)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var position = (await _store.ListMembershipsAsync(user, Cancel)).Position;
            if ((await _store.FindChangedAsync(user, position, Cancel))!.IsEmpty) return position;
            TimeProvider.System.GetElapsedTime(started).Should().BeLessThan(TimeSpan.FromMinutes(1), "nothing changes");
        }
    }

    private async Task<long> MentionsAsync() => (await _store.ListChannelsAsync("bob", null, 5, Cancel)).Channels.Single().Mentions;

    private async Task<IReadOnlyList<long>> FindAsync(string word)
    {
        SearchTerms.TryParse(word, out var terms).Should().BeTrue();
        var page = await _store.SearchAsync(new SearchQuery(terms!, new PageLimit(100, int.MaxValue), Time), Cancel);
        return [.. page.Hits.Select(hit => hit.Message.Sequence)];
    }
}
