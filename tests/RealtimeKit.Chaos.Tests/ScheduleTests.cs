using FluentAssertions;
using RealtimeKit.Checking.Faults;
using Xunit;

namespace RealtimeKit.Chaos.Tests;

public sealed class ScheduleTests
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(90);

    [Fact]
    public void The_same_seed_makes_the_same_schedule() => Make(7).Select(Describe).Should().Equal(Make(7).Select(Describe));

    [Fact]
    public void Another_seed_makes_another_schedule() => Make(7).Select(Describe).Should().NotEqual(Make(8).Select(Describe));

    [Fact]
    public void A_dozen_seeds_leave_no_kind_of_fault_out_and_have_pairs()
    {
        var episodes = Enumerable.Range(0, 12).SelectMany(Make).ToList();
        episodes.SelectMany(episode => episode.Faults).Select(fault => fault.Kind).Distinct().Should().BeEquivalentTo(Schedule.AllKinds);
        episodes.Should().Contain(episode => episode.Faults.Count == 2).And.Contain(episode => episode.Faults.Count == 1);
    }

    [Fact]
    public void Two_faults_at_once_take_hold_of_different_things() =>
        Enumerable.Range(0, 200).SelectMany(Make).Should().OnlyContain(episode => episode.Faults.Select(fault => fault.Object).Distinct().Count() == episode.Faults.Count);

    [Fact]
    public void An_overload_comes_together_with_each_other_kind()
    {
        var others = Enumerable.Range(0, 1_000).SelectMany(Make).Where(episode => episode.Overload is not null && episode.Faults.Count == 2)
            .Select(episode => episode.Faults.Single(fault => fault.Kind != FaultKind.Overload).Kind).Distinct();
        others.Should().BeEquivalentTo(Schedule.AllKinds.Where(kind => kind != FaultKind.Overload));
    }

    private static IReadOnlyList<Episode> Make(int seed) => Schedule.Make(seed, Length, Schedule.AllKinds, 3, 68);

    private static string Describe(Episode episode) => $"{episode.Lead} {episode}";
}
