using FluentAssertions;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.History;
using Xunit;

namespace RealtimeKit.Chaos.Tests;

/// <summary>The checks against histories made by hand: each wrong one is reported by its check, and a right one by none.</summary>
public sealed class CheckerTests
{
    private readonly HandMade _history = new();

    [Fact]
    public void A_good_history_has_no_finding()
    {
        _history.Check().Texts.Should().BeEmpty();
        foreach (var check in new[] { Check.Lost, Check.Phantom, Check.Duplicate, Check.Agreement, Check.Order, Check.Complete, Check.Live })
            _history.Findings.Checked(check).Should().BePositive($"{check} looked at something");
    }

    [Fact]
    public void An_acknowledged_message_that_is_not_in_the_log_is_lost()
    {
        _history.Sent(4);
        Expect(Check.Lost);
    }

    [Fact]
    public void A_message_stored_elsewhere_than_acknowledged_is_lost()
    {
        _history.Log.Add(HandMade.Stored(_history.Sent(5), 4));
        Expect(Check.Lost);
    }

    [Fact]
    public void A_hole_in_the_log_is_lost()
    {
        _history.Log.RemoveAt(1);
        Expect(Check.Lost);
    }

    [Fact]
    public void A_confirmed_edit_that_is_not_in_the_log_is_lost()
    {
        _history.Ledger.Ask(ChangeKind.Edit, HandMade.Channel, 2, "user", "another text").Confirm(4);
        Expect(Check.Lost);
    }

    [Fact]
    public void An_edit_without_an_answer_may_have_taken_effect_or_not()
    {
        _history.Ledger.Ask(ChangeKind.Edit, HandMade.Channel, 2, "user", "another text");
        _history.Ledger.Ask(ChangeKind.Edit, HandMade.Channel, 3, "user", "a third text");
        _history.Log[1] = _history.Log[1] with { Text = "another text", Version = 4 };
        _history.Check().Texts.Should().BeEmpty();
    }

    [Fact]
    public void A_given_up_edit_that_undoes_a_later_one_is_lost_where_giving_up_decides_it()
    {
        UndoneByOneThatWasGivenUp();
        _history.Check(givenUpIsOver: true).Violations(Check.Lost).Should().Be(1);
    }

    [Fact]
    public void A_given_up_edit_may_undo_a_later_one_where_it_may_still_be_under_way()
    {
        UndoneByOneThatWasGivenUp();
        _history.Check().Texts.Should().BeEmpty();
    }

    [Fact]
    public void A_confirmed_deletion_that_is_not_in_the_log_is_lost()
    {
        _history.Ledger.Ask(ChangeKind.Delete, HandMade.Channel, 2, "user", "").Confirm(4);
        Expect(Check.Lost);
    }

    [Fact]
    public void A_confirmed_reaction_that_is_not_in_the_log_is_lost()
    {
        _history.Ledger.Ask(ChangeKind.React, HandMade.Channel, 2, "user", "r1").Confirm(4);
        Expect(Check.Lost);
    }

    [Fact]
    public void A_confirmed_pin_that_is_not_in_the_log_is_lost()
    {
        _history.Ledger.Ask(ChangeKind.Pin, HandMade.Channel, 2, "user", "").Confirm(4);
        Expect(Check.Lost);
    }

    [Fact]
    public void A_pin_that_nobody_asked_for_is_a_phantom()
    {
        _history.Log[1] = _history.Log[1] with { PinnedAt = DateTimeOffset.UnixEpoch, PinnedBy = "user", Version = 4 };
        Expect(Check.Phantom);
    }

    [Fact]
    public void A_stored_message_that_nobody_sent_is_a_phantom()
    {
        var stranger = new Send(Guid.CreateVersion7(), HandMade.Channel, "client", "user", 4, "text 4", 1);
        _history.Log.Add(HandMade.Stored(stranger, 4));
        Expect(Check.Phantom, read: false);
    }

    [Fact]
    public void A_stored_message_that_was_refused_is_a_phantom()
    {
        var refused = _history.Sent(null);
        refused.Refuse("forbidden");
        _history.Log.Add(HandMade.Stored(refused, 4));
        Expect(Check.Phantom);
    }

    [Fact]
    public void A_message_on_a_screen_that_is_not_in_the_log_is_a_phantom()
    {
        var send = _history.Sent(null);
        send.Abandon();
        // Shown for a moment is enough: this reader is not looked at in the end.
        var reader = new ReaderView("another", HandMade.Channel, _history.Ledger, _history.Agreement, _history.Findings);
        foreach (var entry in _history.Log.Append(HandMade.Stored(send, 4))) reader.Posted(entry);
        Expect(Check.Phantom);
    }

    [Fact]
    public void A_refused_edit_in_the_log_is_a_phantom()
    {
        _history.Ledger.Ask(ChangeKind.Edit, HandMade.Channel, 2, "user", "refused text").Refuse();
        _history.Log[1] = _history.Log[1] with { Text = "refused text", Version = 4 };
        Expect(Check.Phantom);
    }

    [Fact]
    public void A_deletion_that_nobody_asked_for_is_a_phantom()
    {
        _history.Log[1] = _history.Log[1] with { Text = null, DeletedAt = DateTimeOffset.UnixEpoch, Version = 4 };
        Expect(Check.Phantom);
    }

    [Fact]
    public void Two_entries_of_one_message_are_a_duplicate()
    {
        _history.Log.Add(HandMade.Stored(_history.SendOf(1), 4));
        Expect(Check.Duplicate);
    }

    [Fact]
    public void A_message_given_to_the_application_twice_is_a_duplicate()
    {
        _history.View.Posted(_history.Log[0]);
        _history.View.Posted(_history.Log[0]);
        Expect(Check.Duplicate);
    }

    [Fact]
    public void Two_acknowledgements_as_new_are_a_duplicate()
    {
        _history.SendOf(2).Try();
        _history.Ledger.Acknowledge(_history.SendOf(2), 2, duplicate: false);
        Expect(Check.Duplicate);
    }

    [Fact]
    public void A_message_sent_once_and_acknowledged_as_a_duplicate_is_one()
    {
        var send = _history.Ledger.Begin(Guid.CreateVersion7(), HandMade.Channel, "client", "user", 4, "text 4");
        send.Try();
        _history.Ledger.Acknowledge(send, 4, duplicate: true);
        _history.Log.Add(HandMade.Stored(send, 4));
        Expect(Check.Duplicate);
    }

    [Fact]
    public void Two_messages_at_one_place_do_not_agree()
    {
        _history.View.Posted(_history.Log[0] with { Id = _history.Log[1].Id, Text = _history.Log[1].Text });
        Expect(Check.Agreement);
    }

    [Fact]
    public void Two_states_of_one_version_do_not_agree()
    {
        _history.Ledger.Ask(ChangeKind.Edit, HandMade.Channel, 1, "user", "another text");
        _history.View.Posted(_history.Log[0] with { Text = "another text" });
        Expect(Check.Agreement);
    }

    [Fact]
    public void Two_acknowledgements_with_different_places_do_not_agree()
    {
        _history.SendOf(2).Try();
        _history.Ledger.Acknowledge(_history.SendOf(2), 3, duplicate: true);
        Expect(Check.Agreement);
    }

    [Fact]
    public void A_message_before_one_that_was_acknowledged_before_it_began_is_out_of_order()
    {
        var early = _history.Sent(5);
        var late = _history.Ledger.Begin(Guid.CreateVersion7(), HandMade.Channel, "another client", "user", 1, "text 4");
        _history.Ledger.Acknowledge(late, 4, duplicate: false);
        _history.Log.Add(HandMade.Stored(late, 4));
        _history.Log.Add(HandMade.Stored(early, 5));
        Expect(Check.Order);
    }

    [Fact]
    public void Messages_under_way_at_the_same_time_may_stand_in_any_order_but_that_of_their_client()
    {
        var mine = _history.Sent(null, number: 4);
        var others = _history.Ledger.Begin(Guid.CreateVersion7(), HandMade.Channel, "other", "user", 1, "of the other");
        _history.Ledger.Acknowledge(mine, 5, duplicate: false);
        _history.Ledger.Acknowledge(others, 4, duplicate: false);
        _history.Log.Add(HandMade.Stored(others, 4));
        _history.Log.Add(HandMade.Stored(mine, 5));
        _history.Check().Texts.Should().BeEmpty();
    }

    [Fact]
    public void One_clients_messages_out_of_the_order_of_its_calls_are_out_of_order()
    {
        var (first, second) = (_history.Sent(null, number: 4), _history.Sent(null, number: 5));
        _history.Ledger.Acknowledge(second, 4, duplicate: false);
        _history.Ledger.Acknowledge(first, 5, duplicate: false);
        _history.Log.Add(HandMade.Stored(second, 4));
        _history.Log.Add(HandMade.Stored(first, 5));
        Expect(Check.Order);
    }

    [Fact]
    public void A_reader_that_lacks_a_message_is_not_complete()
    {
        _history.View.Posted(_history.Log[0]);
        Expect(Check.Complete, read: false);
    }

    [Fact]
    public void A_reader_that_shows_an_old_state_is_not_complete()
    {
        foreach (var entry in _history.Log) _history.View.Posted(entry);
        _history.Ledger.Ask(ChangeKind.Edit, HandMade.Channel, 2, "user", "another text").Confirm(4);
        _history.Log[1] = _history.Log[1] with { Text = "another text", Version = 4 };
        Expect(Check.Complete, read: false);
    }

    [Fact]
    public void A_reader_that_missed_a_reaction_is_not_complete()
    {
        foreach (var entry in _history.Log) _history.View.Posted(entry);
        _history.Ledger.Ask(ChangeKind.React, HandMade.Channel, 2, "user", "r1").Confirm(4);
        _history.Log[1] = _history.Log[1] with { Reactions = [new Reaction("r1", 1, ["user"])], Version = 4 };
        Expect(Check.Complete, read: false);
    }

    [Fact]
    public void A_reaction_that_was_told_is_as_good_as_the_message()
    {
        foreach (var entry in _history.Log) _history.View.Posted(entry);
        _history.Ledger.Ask(ChangeKind.React, HandMade.Channel, 2, "user", "r1").Confirm(4);
        _history.View.React(2, 4, [new Reaction("r1", 1, ["user"])]);
        _history.Log[1] = _history.Log[1] with { Reactions = [new Reaction("r1", 1, ["user"])], Version = 4 };
        _history.Check(read: false).Texts.Should().BeEmpty();
    }

    [Fact]
    public void A_send_without_an_end_is_not_live()
    {
        _history.Sent(null);
        Expect(Check.Live);
    }

    [Fact]
    public void Two_clients_that_draw_the_same_have_different_ids() =>
        _history.Ledger.NewId(new Random(1)).Should().NotBe(_history.Ledger.NewId(new Random(1)));

    [Fact]
    public void Pictures_of_presence_differ_where_a_user_is_absent_too_many_or_otherwise()
    {
        PresencePicture truth = new(), told = new();
        truth.Add("channel", "anna", "online", 1);
        truth.Add("channel", "berta", "online", 2);
        told.Add("channel", "berta", "online", 1);
        told.Add("channel", "carla", "online", 1);
        truth.Differences(told).Should().HaveCount(3);
        truth.Differences(truth).Should().BeEmpty();
    }

    private void UndoneByOneThatWasGivenUp()
    {
        _history.Ledger.Ask(ChangeKind.Edit, HandMade.Channel, 2, "user", "given up").GiveUp(_history.Ledger.Now);
        _history.Ledger.Ask(ChangeKind.Edit, HandMade.Channel, 2, "user", "confirmed").Confirm(4);
        _history.Log[1] = _history.Log[1] with { Text = "given up", Version = 5 };
    }

    private void Expect(Check check, bool read = true) =>
        _history.Check(read).Violations(check).Should().BePositive(string.Join('\n', _history.Findings.Texts));
}
