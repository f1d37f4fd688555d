using FluentAssertions;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.History;
using Xunit;

namespace RealtimeKit.Chaos.Tests;

/// <summary>What a bare client reports of the frames that it gets.</summary>
public sealed class CursorViewTests
{
    private readonly HandMade _history = new();
    private readonly CursorView _view;

    public CursorViewTests() => _view = new CursorView(_history.View, _history.Findings);

    [Fact]
    public void A_catch_up_and_the_events_after_it_are_good()
    {
        _view.Begin("epoch", 2);
        _view.Changes([_history.Log[0]], 1, more: true);
        _view.Changes([_history.Log[1]], 2, more: false);
        _view.Event(3, _history.Log[2], null, isNew: true);
        _view.Event(4, null, (1, [new Reaction("r1", 1, ["user"])]), isNew: false);
        _view.Version.Should().Be(4);
        _history.Findings.Texts.Should().BeEmpty();
    }

    [Fact]
    public void An_event_that_leaves_a_version_out_is_out_of_order()
    {
        Level(1);
        _view.Event(3, _history.Log[2], null, isNew: true);
        Expect(Check.Order);
    }

    [Fact]
    public void An_event_that_comes_again_is_out_of_order()
    {
        Level(2);
        _view.Event(2, _history.Log[1], null, isNew: false);
        Expect(Check.Order);
    }

    [Fact]
    public void An_event_inside_a_catch_up_is_out_of_order()
    {
        _view.Begin("epoch", 3);
        _view.Changes([_history.Log[0]], 1, more: true);
        _view.Event(2, _history.Log[1], null, isNew: true);
        Expect(Check.Order);
    }

    [Fact]
    public void A_page_whose_versions_fall_is_out_of_order()
    {
        _view.Begin("epoch", 2);
        _view.Changes([_history.Log[1], _history.Log[0]], 2, more: false);
        Expect(Check.Order);
    }

    [Fact]
    public void A_catch_up_that_leaves_a_message_out_is_not_complete()
    {
        _view.Begin("epoch", 3);
        _view.Changes([_history.Log[0], _history.Log[2]], 3, more: false);
        Expect(Check.Complete);
    }

    // Two and three were posted while the reader was away, and two was edited after that.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_message_that_changed_while_the_reader_was_away_comes_late_and_is_new(bool brokenOff)
    {
        Level(1);
        var (late, younger) = (_history.Log[1] with { Version = 4 }, _history.Log[2]);
        _view.Begin("epoch", 4);
        _view.Changes([younger], 3, more: true);
        if (brokenOff) _view.Begin("epoch", 4);
        _view.Changes([late], 4, more: false);
        _history.View.Holds(2).Should().BeTrue();
        _history.Findings.Texts.Should().BeEmpty();
    }

    [Fact]
    public void A_reader_that_takes_it_for_old_is_found()
    {
        var view = new CursorView(_history.View, _history.Findings, takesLateForOld: true);
        view.Begin("epoch", 4);
        view.Changes([_history.Log[0], _history.Log[2], _history.Log[1] with { Version = 4 }], 4, more: false);
        _history.View.Holds(2).Should().BeFalse();
        Expect(Check.Complete);
    }

    [Fact]
    public void A_channel_that_fell_back_is_not_complete()
    {
        Level(3);
        _view.Begin("epoch", 2);
        Expect(Check.Complete);
    }

    [Fact]
    public void A_channel_of_another_epoch_does_not_agree()
    {
        Level(3);
        _view.Begin("another", 3);
        Expect(Check.Agreement);
    }

    private void Level(int messages)
    {
        _view.Begin("epoch", messages);
        _view.Changes([.. _history.Log.Take(messages)], messages, more: false);
    }

    private void Expect(Check check) => _history.Findings.Violations(check).Should().BePositive(string.Join('\n', _history.Findings.Texts));
}
