using System.Text.Json;
using FluentAssertions;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Inboxes;
using Xunit;

namespace RealtimeKit.Chaos.Tests;

/// <summary>How a bare client folds an inbox, and what a recount says of it.</summary>
public sealed class InboxFoldTests
{
    private readonly Findings _findings = new();
    private readonly InboxFold _fold;

    public InboxFoldTests() => _fold = new InboxFold("a client", _findings);

    [Fact]
    public void Pages_and_live_rows_make_the_picture_that_the_recount_gives()
    {
        Begin(reset: true);
        Rows("c1", more: true, Row("one", 2));
        _fold.IsLevel.Should().BeFalse();
        Rows("c2", more: false, Row("two", 1));
        Rows("c3", more: false, Row("one", 3));
        (_fold.IsLevel, _fold.Cursor).Should().Be((true, "c3"));
        Truth(Row("one", 3), Row("two", 1)).Should().BeEmpty();
        _findings.Texts.Should().BeEmpty();
    }

    [Fact]
    public void What_did_not_come_again_is_dropped_at_the_end_of_a_reset_and_not_else()
    {
        Level(Row("one", 2), Row("two", 1));
        Begin(reset: false);
        Rows("c4", more: false, Row("one", 2));
        _fold.Picture.Rows.Should().HaveCount(2);
        Begin(reset: true);
        Rows("c5", more: false, Row("one", 2));
        _fold.Picture.Rows.Keys.Should().Equal("one");
    }

    [Fact]
    public void Removed_channels_go()
    {
        Level(Row("one", 2), Row("two", 1));
        _fold.Take(Frame("c4", false, [], "two"));
        _fold.Picture.Rows.Keys.Should().Equal("one");
    }

    [Fact]
    public void Channel_in_both_lists_is_a_finding()
    {
        Level(Row("one", 2));
        _fold.Take(Frame("c4", false, [Row("one", 3)], "one"));
        _findings.Violations(Check.Inbox).Should().Be(1);
    }

    [Fact]
    public void Client_that_goes_back_has_what_it_kept_and_its_cursor()
    {
        Level(Row("one", 2));
        _fold.Keep();
        Rows("c9", more: false, Row("one", 5), Row("two", 1));
        _fold.GoBack();
        _fold.Cursor.Should().Be("c2");
        _fold.Picture.Rows.Keys.Should().Equal("one");
    }

    [Fact]
    public void Row_that_is_otherwise_missing_or_too_many_and_wrong_totals_are_differences()
    {
        Level(Row("one", 2), Row("two", 1));
        Truth(Row("one", 3), Row("two", 1)).Should().HaveCount(2, "a row and the totals");
        Truth(Row("one", 2), Row("two", 1), Row("three", 0)).Should().ContainSingle().Which.Should().Contain("three is not shown");
        Truth(Row("two", 1)).Should().HaveCount(2).And.Contain(text => text.Contains("the user is not in it"));
    }

    [Fact]
    public void Totals_leave_out_what_is_muted_and_count_mentions_only_where_the_user_wants_these()
    {
        InboxRow[] rows = [Row("one", 5), Row("two", 7) with { Notify = "none", Mentions = 2 }, Row("three", 9) with { Notify = "mentions", Mentions = 4 }];
        var picture = InboxPicture.Of(rows);
        (picture.Unread, picture.Mentions).Should().Be((9, 4));
    }

    private void Level(params InboxRow[] rows)
    {
        Begin(reset: true);
        Rows("c2", more: false, rows);
    }

    private IEnumerable<string> Truth(params InboxRow[] rows) => InboxPicture.Of(rows).Differences(_fold.Picture);

    private void Begin(bool reset) => _fold.Begin(JsonSerializer.SerializeToElement(new { type = "inbox", id = 1, cursor = "c0", reset, unread = 0, mentions = 0 }));

    private void Rows(string cursor, bool more, params InboxRow[] rows) => _fold.Take(Frame(cursor, more, rows));

    private JsonElement Frame(string cursor, bool more, InboxRow[] rows, params string[] removed)
    {
        var all = new Dictionary<string, InboxRow>(_fold.Picture.Rows);
        foreach (var row in rows) all[row.Channel] = row;
        var totals = InboxPicture.Of([.. all.Values]);
        return JsonSerializer.SerializeToElement(new
        {
            type = "inbox", cursor, more, unread = totals.Unread, mentions = totals.Mentions, removed,
            channels = rows.Select(row => new
            {
                channel = row.Channel, kind = row.Kind, role = row.Role, sequence = row.Sequence, version = row.Version, read = row.Read, unread = row.Unread,
                mentions = row.Mentions, notify = row.Notify, pinned = false, hidden = false, changed = DateTimeOffset.FromUnixTimeMilliseconds(row.Changed),
            }),
        });
    }

    private static InboxRow Row(string channel, long unread) => new()
    {
        Channel = channel, Kind = "public", Role = "member", Sequence = unread, Version = unread, Read = 0, Unread = unread, Mentions = 0, Last = "", Notify = "all", Changed = 1_000,
    };
}
