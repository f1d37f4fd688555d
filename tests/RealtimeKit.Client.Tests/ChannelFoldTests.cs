using RealtimeKit.Protocol;

namespace RealtimeKit.Client.Tests;

public sealed class ChannelFoldTests
{
    private readonly ChannelFold _fold = new(heldLimit: 5);
    private readonly List<ChannelUpdate> _told = [];

    [Fact]
    public void Live_events_move_the_place_by_one()
    {
        _fold.Begin(new ChannelCursor("e", 7, 3));
        _fold.Apply(Posted(4, 8), _told).Should().Be(FoldOutcome.Applied);
        _fold.Apply(new EventFrame("lobby", 9, EventKind.Edited, Message(2, 9)), _told).Should().Be(FoldOutcome.Applied);
        _fold.Cursor.Should().Be(new ChannelCursor("e", 9, 4));
        _told.Should().HaveCount(2).And.ContainItemsAssignableTo<ChannelUpdate>();
        _told[1].Should().BeOfType<MessageUpdated>();
    }

    [Fact]
    public void An_event_at_or_below_the_place_is_dropped_and_one_beyond_the_next_is_a_hole()
    {
        _fold.Begin(new ChannelCursor("e", 7, 3));
        _fold.Apply(Posted(3, 7), _told).Should().Be(FoldOutcome.Ignored);
        _fold.Apply(Posted(5, 9), _told).Should().Be(FoldOutcome.Hole);
        _told.Should().BeEmpty();
        _fold.Cursor.Should().Be(new ChannelCursor("e", 7, 3));
    }

    [Fact]
    public void An_event_of_an_unknown_kind_takes_its_version()
    {
        _fold.Begin(new ChannelCursor("e", 7, 3));
        _fold.Apply(new EventFrame("lobby", 8, EventKind.Unknown), _told).Should().Be(FoldOutcome.Applied);
        _fold.Apply(Posted(4, 9), _told).Should().Be(FoldOutcome.Applied);
        _told.Sequences().Should().Equal(4);
    }

    [Fact]
    public void New_messages_of_pages_are_told_in_ascending_sequence_though_the_pages_ascend_by_version()
    {
        _fold.Begin(new ChannelCursor("e", 4, 4));
        // 5 was edited after 6 and 7 were posted, and comes in the second page.
        _fold.Apply(Page(7, true, Message(6, 6), Message(7, 7)), _told).Should().Be(FoldOutcome.Applied);
        _told.Should().BeEmpty();
        _fold.Cursor.Should().Be(new ChannelCursor("e", 4, 4), "a connection lost here must bring 6 and 7 again");
        _fold.Apply(Page(9, false, Message(2, 8), Message(5, 9)), _told).Should().Be(FoldOutcome.Applied);
        _told.Sequences().Should().Equal(5, 6, 7);
        _told.OfType<MessageUpdated>().Select(update => update.Message.Sequence).Should().Equal(2);
        _fold.Cursor.Should().Be(new ChannelCursor("e", 9, 7));
    }

    [Fact]
    public void Resuming_tells_nothing_as_new_that_was_told()
    {
        _fold.Begin(new ChannelCursor("e", 4, 4));
        _fold.Apply(Page(6, true, Message(5, 5), Message(7, 6)), _told);
        _told.Sequences().Should().Equal(5);
        _fold.Resume();
        _told.Clear();
        _fold.Apply(Page(7, false, Message(5, 5), Message(7, 6), Message(6, 7)), _told);
        _told.Sequences().Should().Equal(6, 7);
    }

    [Fact]
    public void Too_many_messages_held_back_are_left_to_the_history()
    {
        _fold.Begin(ChannelCursor.Start);
        var page = Page(7, true, [.. Enumerable.Range(2, 6).Select(n => Message(n, n))]);
        _fold.Apply(page, _told).Should().Be(FoldOutcome.OutOfOrder);
        _fold.ApplyHistory([.. Enumerable.Range(1, 7).Select(n => Message(n, n))], _told);
        _told.Sequences().Should().Equal(1, 2, 3, 4, 5, 6, 7);
        _fold.Resume();
        _fold.Apply(page with { More = false }, _told).Should().Be(FoldOutcome.Applied);
        _told.Sequences().Should().Equal(1, 2, 3, 4, 5, 6, 7);
    }

    [Fact]
    public void A_page_that_claims_to_be_the_last_and_leaves_a_message_out_is_a_fault()
    {
        _fold.Begin(new ChannelCursor("e", 4, 4));
        _fold.Apply(Page(6, false, Message(6, 6)), _told).Should().Be(FoldOutcome.OutOfOrder);
        _fold.Fault.Should().NotBeNull();
        _told.Should().BeEmpty();
    }

    [Fact]
    public void Recent_messages_are_told_when_the_last_page_is_there_with_what_changed_meanwhile()
    {
        _fold.BeginRecent("e");
        _fold.Apply(Page(20, true, Message(11, 11), Message(12, 12)), _told);
        _fold.Cursor.Should().BeNull("cut off here, it must ask for the recent messages again");
        _told.Should().BeEmpty();
        _fold.Apply(Page(20, true, Message(13, 13)), _told);
        _fold.Apply(Page(22, false, Message(11, 21), Message(14, 22)), _told);
        _told.Sequences().Should().Equal(11, 12, 13, 14);
        _told.OfType<MessagePosted>().First().Message.Version.Should().Be(21);
        _fold.Cursor.Should().Be(new ChannelCursor("e", 22, 14));
    }

    [Fact]
    public void What_is_older_than_the_recent_messages_and_changed_meanwhile_is_not_new()
    {
        _fold.BeginRecent("e");
        _fold.Apply(Page(20, true, Message(11, 11), Message(12, 12)), _told);
        _fold.Apply(Page(22, false, Message(3, 21), Message(13, 22)), _told);
        _told.OfType<MessagePosted>().Select(update => update.Message.Sequence).Should().Equal(11, 12, 13);
    }

    [Fact]
    public void An_event_that_passes_over_a_message_is_a_hole_though_its_version_is_the_next()
    {
        _fold.Begin(new ChannelCursor("e", 7, 3));
        _fold.Apply(Posted(5, 8), _told).Should().Be(FoldOutcome.Hole);
        _fold.Fault.Should().NotBeNull();
        _told.Should().BeEmpty();
        _fold.Cursor.Should().Be(new ChannelCursor("e", 7, 3));
    }

    [Fact]
    public void An_event_amid_a_catch_up_is_a_hole()
    {
        _fold.Begin(new ChannelCursor("e", 4, 4));
        _fold.Apply(Page(6, true, Message(6, 6)), _told);
        _fold.Apply(new EventFrame("lobby", 7, EventKind.Edited, Message(2, 7)), _told).Should().Be(FoldOutcome.Hole);
        _told.Should().BeEmpty();
        _fold.Cursor.Should().Be(new ChannelCursor("e", 4, 4), "message 6 is still held back, and must come again");
    }

    [Fact]
    public void A_page_that_ends_before_the_place_is_dropped()
    {
        _fold.Begin(new ChannelCursor("e", 7, 3));
        _fold.Apply(Posted(4, 8), _told);
        _fold.Apply(Page(7, false, Message(2, 7)), _told).Should().Be(FoldOutcome.Ignored);
        _told.Should().ContainSingle();
        _fold.Cursor.Should().Be(new ChannelCursor("e", 8, 4));
    }

    [Fact]
    public void A_last_page_with_nothing_in_it_still_says_that_a_message_was_left_out()
    {
        _fold.Begin(new ChannelCursor("e", 4, 4));
        _fold.Apply(Page(4, false), _told).Should().Be(FoldOutcome.Applied);
        _fold.Apply(Page(6, true, Message(6, 6)), _told).Should().Be(FoldOutcome.Applied);
        _fold.Apply(Page(6, false), _told).Should().Be(FoldOutcome.OutOfOrder, "nothing more would come for 6");
    }

    [Fact]
    public void A_page_that_repeats_a_version_is_a_fault_and_applied()
    {
        _fold.Begin(new ChannelCursor("e", 7, 3));
        _fold.Apply(Page(9, false, Message(2, 7), Message(4, 9)), _told).Should().Be(FoldOutcome.Applied);
        _fold.Fault.Should().Contain("7");
        _told.Sequences().Should().Equal(4);
        _fold.Apply(Page(10, false, Message(5, 10)), _told);
        _fold.Fault.Should().BeNull();
    }

    [Fact]
    public void As_many_messages_as_the_limit_are_held_back()
    {
        _fold.Begin(ChannelCursor.Start);
        _fold.Apply(Page(6, true, [.. Enumerable.Range(2, 5).Select(n => Message(n, n))]), _told).Should().Be(FoldOutcome.Applied);
        _fold.Apply(Page(7, false, Message(1, 7)), _told).Should().Be(FoldOutcome.Applied);
        _told.Sequences().Should().Equal(1, 2, 3, 4, 5, 6);
    }

    [Fact]
    public void While_messages_are_held_back_the_place_has_those_that_were_told()
    {
        _fold.Begin(new ChannelCursor("e", 4, 4));
        _fold.Apply(Page(6, true, Message(5, 5), Message(7, 6)), _told);
        _fold.Cursor.Should().Be(new ChannelCursor("e", 4, 5));
    }

    [Fact]
    public void Pages_after_an_interruption_may_be_cut_smaller_than_those_before_it()
    {
        _fold.Begin(new ChannelCursor("e", 4, 4));
        _fold.Apply(Page(7, true, Message(6, 6), Message(7, 7)), _told);
        _fold.Resume();
        _fold.Apply(Page(6, true, Message(6, 6)), _told).Should().Be(FoldOutcome.Applied);
        _fold.Apply(Page(8, false, Message(7, 7), Message(5, 8)), _told).Should().Be(FoldOutcome.Applied);
        _told.Sequences().Should().Equal(5, 6, 7);
    }

    [Fact]
    public void History_tells_nothing_again_and_moves_the_place()
    {
        _fold.Begin(new ChannelCursor("e", 4, 4));
        _fold.Apply(Page(7, false, Message(5, 5), Message(7, 7)), _told).Should().Be(FoldOutcome.OutOfOrder);
        _fold.ApplyHistory([.. Enumerable.Range(4, 4).Select(n => Message(n, n))], _told);
        _told.Sequences().Should().Equal(5, 6, 7);
        _fold.Cursor.Should().Be(new ChannelCursor("e", 4, 7), "the changes after version 4 are still to come");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Nothing_of_what_was_still_to_come_is_left_at_another_beginning(bool recent)
    {
        if (recent)
        {
            _fold.BeginRecent("e");
            _fold.Apply(Page(20, true, Message(11, 11)), _told);
        }
        else
        {
            _fold.Begin(new ChannelCursor("e", 4, 4));
            _fold.Apply(Page(6, true, Message(6, 6)), _told);
        }

        _fold.Begin(new ChannelCursor("f", 2, 1));
        _fold.Apply(Posted(2, 3), _told).Should().Be(FoldOutcome.Applied);
        _told.Sequences().Should().Equal(2);
        _fold.Cursor.Should().Be(new ChannelCursor("f", 3, 2));
    }

    [Fact]
    public void Recent_messages_that_begin_again_may_be_others()
    {
        _fold.BeginRecent("e");
        _fold.Apply(Page(20, true, Message(11, 11), Message(12, 12)), _told);
        // The channel was made anew meanwhile.
        _fold.BeginRecent("f");
        _fold.Apply(Page(2, false, Message(1, 1), Message(2, 2)), _told);
        _told.Sequences().Should().Equal(1, 2);
        _fold.Cursor.Should().Be(new ChannelCursor("f", 2, 2));
    }

    [Fact]
    public void The_first_message_of_an_empty_channel_may_come_behind_the_recent_ones()
    {
        _fold.Begin(new ChannelCursor("e", 4, 4));
        _fold.BeginRecent("f");
        _fold.Apply(Page(0, true), _told);
        _fold.Apply(Page(1, false, Message(1, 1)), _told);
        _told.Sequences().Should().Equal(1);
    }

    [Fact]
    public void The_place_in_an_empty_channel_has_nothing_of_another_one()
    {
        _fold.Begin(new ChannelCursor("e", 4, 4));
        _fold.BeginRecent("f");
        _fold.Apply(Page(0, false), _told);
        _fold.Cursor.Should().Be(new ChannelCursor("f", 0, 0));
        _fold.Apply(Posted(1, 1), _told);
        _told.Sequences().Should().Equal(1);
    }

    [Fact]
    public void Any_cutting_of_a_random_history_tells_every_message_once_in_order()
    {
        for (var seed = 0; seed < 200; seed++) Replay(new Random(seed));
    }

    // A log of posts and edits, read by a follower that is interrupted at random and then gets compacted pages.
    private static void Replay(Random random)
    {
        var messages = new SortedDictionary<long, Message>();
        var log = new List<EventFrame>();
        var fold = new ChannelFold(heldLimit: 3);
        var told = new List<ChannelUpdate>();
        fold.Begin(new ChannelCursor("e", 0, 0));
        for (var version = 1L; version <= 120; version++)
        {
            var edits = messages.Count > 0 && random.Next(3) == 0;
            var sequence = edits ? random.Next(messages.Count) + 1 : messages.Count + 1;
            messages[sequence] = Message(sequence, version);
            log.Add(new EventFrame("lobby", version, edits ? EventKind.Edited : EventKind.Posted, messages[sequence]));
            if (random.Next(4) > 0 && fold.Apply(log[^1], told) == FoldOutcome.Applied) continue;
            if (random.Next(3) == 0) CatchUp(fold, messages, version, random, told);
        }

        while (fold.Cursor!.Version < 120) CatchUp(fold, messages, 120, random, told);
        told.Sequences().Should().Equal(messages.Keys);
        fold.Cursor!.Version.Should().Be(120);
        foreach (var last in told.Select(update => (update as MessagePosted)?.Message ?? ((MessageUpdated)update).Message).GroupBy(m => m.Sequence))
            last.Last().Version.Should().Be(messages[last.Key].Version);
    }

    private static void CatchUp(ChannelFold fold, SortedDictionary<long, Message> messages, long version, Random random, List<ChannelUpdate> told)
    {
        while (true)
        {
            fold.Resume();
            var pages = messages.Values.Where(message => message.Version > fold.Cursor!.Version).OrderBy(message => message.Version)
                .Chunk(random.Next(1, 6)).ToList();
            var outOfOrder = false;
            for (var i = 0; i < pages.Count && !outOfOrder; i++)
            {
                var more = i < pages.Count - 1;
                if (more && random.Next(10) == 0) return;
                outOfOrder = fold.Apply(Page(more ? pages[i][^1].Version : version, more, pages[i]), told) == FoldOutcome.OutOfOrder;
            }

            if (!outOfOrder && fold.Cursor!.Version == version) return;
            fold.ApplyHistory([.. messages.Values.Where(message => message.Sequence > fold.Sequence)], told);
        }
    }

    private static EventFrame Posted(long sequence, long version) => new("lobby", version, EventKind.Posted, Message(sequence, version));

    private static ChangesFrame Page(long version, bool more, params Message[] messages) => new("lobby", messages, version, more);

    private static Message Message(long sequence, long version) => new()
    {
        Id = new MessageId(new Guid((int)sequence, 0, 0, new byte[8])),
        Channel = "lobby",
        Sequence = sequence,
        Version = version,
        Sender = "ada",
        Time = DateTimeOffset.UnixEpoch,
        Content = new MessageContent("t"),
    };
}
