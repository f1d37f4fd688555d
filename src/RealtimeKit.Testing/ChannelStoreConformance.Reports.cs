using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class ChannelStoreConformance
{
    /// <summary>A message has one report: as the message was then, with the first reason and time and those who reported it; each counts once.</summary>
    [Fact]
    public async Task MessageHasOneReport()
    {
        await NewChannelAsync("room", "bob");
        var content = new MessageContent("schlimm 🎈", JsonValue.Parse("[1]"), JsonValue.Parse("[{}]"), ["bob"]);
        await Messages.AppendAsync([Sample.Post("room", "fine"), Sample.Post("room", content, "eve"), new ReactChange("room", Sample.Time(1), 2, "bob", "👍", false)], Cancel);
        var message = (await Messages.ReadHistoryAsync(new HistoryQuery("room", Sample.All), Cancel))!.Messages[1];

        Assert.Equal(ReportOutcome.Reported, await ReportAsync(2, "bob", "warum", 5));
        Assert.Equal(ReportOutcome.Unchanged, await ReportAsync(2, "bob", "anders", 6));
        await Messages.AppendAsync([Sample.Edit("room", 2, "harmless", 7)], Cancel);
        Assert.Equal(ReportOutcome.Reported, await ReportAsync(2, "cy", null, 8));
        Assert.Equal(ReportOutcome.Reported, await ReportAsync(2, "eve", null, 9));

        var report = Assert.Single((await Channels.ListReportsAsync("room", null, 10, Cancel)).Reports);
        Sample.AssertSame(message, report.Message);
        Assert.Equal(["bob", "cy", "eve"], report.Reporters);
        Assert.Equal(("2", "warum", Sample.Time(5), ReportState.Open), (report.Report, report.Reason, report.Time, report.State));
        Assert.Equal(ReportOutcome.NoMessage, await ReportAsync(3, "bob"));
        Assert.Equal(ReportOutcome.NoMessage, await ReportAsync(long.MaxValue, "bob"));
        Assert.Equal(ReportOutcome.NoChannel, (await Channels.ReportAsync(new ReportChange("nowhere", 1, "bob", null, Sample.Time()), Cancel)).Outcome);
        Assert.Equal(ReportOutcome.NoMessage, (await Channels.ReportAsync(new ReportChange("room", 1, "bob", null, Sample.Time()) { Epoch = "other" }, Cancel)).Outcome);
        await Messages.AppendAsync([new DeleteChange("room", Sample.Time(9), 2)], Cancel);
        Assert.Equal(ReportOutcome.Deleted, await ReportAsync(2, "dan"));
    }

    /// <summary>A report names so many and knows all; whoever is new opens a resolved one again, whoever is not does not.</summary>
    [Fact]
    public async Task NewReporterOpensAgain()
    {
        await NewChannelAsync("room");
        await Messages.AppendAsync([Sample.Post("room", "x")], Cancel);
        for (var i = 0; i < ProtocolConstants.MaxReporters + 3; i++) Assert.Equal(ReportOutcome.Reported, await ReportAsync(1, $"user{i}"));
        Assert.Equal(ResolveOutcome.Changed, await ResolveAsync("1", ReportState.Dismissed));
        Assert.Equal(ReportOutcome.Unchanged, await ReportAsync(1, $"user{ProtocolConstants.MaxReporters + 2}"));
        Assert.Equal(ReportState.Dismissed, (await SingleAsync()).State);
        Assert.Equal(ReportOutcome.Reported, await ReportAsync(1, "late"));
        var report = await SingleAsync();
        Assert.Equal((ReportState.Open, ProtocolConstants.MaxReporters), (report.State, report.Reporters.Count));
        Assert.Equal("user0", report.Reporters[0]);

        async Task<ChannelReport> SingleAsync() => Assert.Single((await Channels.ListReportsAsync("room", null, 10, Cancel)).Reports);
    }

    /// <summary>A report's state changes; what is so already is told; each change by a user is an action.</summary>
    [Fact]
    public async Task ReportsAreResolved()
    {
        await NewChannelAsync("room");
        await Messages.AppendAsync([Sample.Post("room", "x")], Cancel);
        Assert.Equal(ResolveOutcome.NoReport, await ResolveAsync("1", ReportState.Acted));
        await ReportAsync(1, "bob");
        Assert.Equal(ResolveOutcome.Changed, await ResolveAsync("1", ReportState.Acted, "ann", 3));
        Assert.Equal(ResolveOutcome.Unchanged, await ResolveAsync("1", ReportState.Acted, "ann"));
        Assert.Equal(ResolveOutcome.Changed, await ResolveAsync("1", ReportState.Open));
        Assert.Equal(ResolveOutcome.Stale, await ResolveAsync("1", ReportState.Acted, "ann", revision: 7));
        Assert.Equal(ResolveOutcome.Changed, await ResolveAsync("1", ReportState.Dismissed, "ann", 4, revision: 0));
        foreach (var none in new[] { "2", "01", "+1", "x", "", "-1", "99999999999999999999" }) Assert.Equal(ResolveOutcome.NoReport, await ResolveAsync(none, ReportState.Open));
        Assert.Equal(ResolveOutcome.NoChannel, (await Channels.ResolveAsync(new ResolveChange("nowhere", "1", ReportState.Open, Sample.Time()), Cancel)).Outcome);

        Assert.Equal(
            [
                new ChannelAction(Sample.Time(4), "ann", "resolve", Data: JsonValue.Parse("""{"report":"1","state":"dismissed"}""")),
                new ChannelAction(Sample.Time(3), "ann", "resolve", Data: JsonValue.Parse("""{"report":"1","state":"acted"}""")),
            ],
            (await Channels.ListActionsAsync("room", null, 10, Cancel)).Actions);
    }

    /// <summary>Reports are listed newest first, in pages that end at the limit or by their bytes; those of a channel that is gone are gone.</summary>
    [Fact]
    public async Task ReportsComeInPages()
    {
        await NewChannelAsync("room");
        await NewChannelAsync("other");
        var large = new string('x', 60_000);
        await Messages.AppendAsync([.. Enumerable.Range(1, 25).Select(number => Sample.Post("room", new MessageContent("x", JsonValue.Parse($"\"{large}\""))))], Cancel);
        await Messages.AppendAsync([Sample.Post("other", "x")], Cancel);
        await Channels.ReportAsync(new ReportChange("other", 1, "bob", null, Sample.Time()), Cancel);
        int[] order = [3, 9, 1, 20, 25, 2, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15];
        for (var i = 0; i < order.Length; i++) await ReportAsync(order[i], "bob", null, i / 2);
        var expected = order.Select((sequence, i) => (sequence, i)).OrderByDescending(one => (one.i / 2, one.sequence)).Select(one => $"{one.sequence}");

        foreach (var limit in new[] { 1, 4, 200 })
        {
            var found = new List<string>();
            string? next = null;
            do
            {
                var page = await Channels.ListReportsAsync("room", next, limit, Cancel);
                Assert.InRange(page.Reports.Count, 1, Math.Min(limit, 9));
                found.AddRange(page.Reports.Select(report => report.Report));
                next = page.Next;
            }
            while (next is not null);
            Assert.Equal(expected, found);
        }

        Assert.Empty((await Channels.ListReportsAsync("nowhere", null, 5, Cancel)).Reports);
        await Assert.ThrowsAsync<FormatException>(async () => await Channels.ListReportsAsync("room", "x", 5, Cancel));
        await Channels.DeleteAsync("room", Cancel);
        await NewChannelAsync("room");
        Assert.Empty((await Channels.ListReportsAsync("room", null, 5, Cancel)).Reports);
    }

    /// <summary>Of many who report the same message at once, on two nodes, nobody is lost.</summary>
    [Fact]
    public async Task ReportersAreNotLost()
    {
        const int reporters = 16;
        await NewChannelAsync("room");
        await Messages.AppendAsync([Sample.Post("room", "x")], Cancel);
        var other = await AnotherNodeAsync();
        await Task.WhenAll(Enumerable.Range(0, reporters).Select(i => Task.Run(
            () => UntilAvailableAsync(() => (i % 2 == 0 ? Channels : other.Channels).ReportAsync(new ReportChange("room", 1, $"user{i:00}", null, Sample.Time(i)), Cancel).AsTask()),
            Cancel)));
        var report = Assert.Single((await Channels.ListReportsAsync("room", null, 5, Cancel)).Reports);
        Assert.Equal(Enumerable.Range(0, reporters).Select(i => $"user{i:00}"), report.Reporters.Order(StringComparer.Ordinal));
    }

    private async Task<ReportOutcome> ReportAsync(long sequence, string user, string? reason = null, long at = 0) =>
        (await Channels.ReportAsync(new ReportChange("room", sequence, user, reason, Sample.Time(at)), Cancel)).Outcome;

    private async Task<ResolveOutcome> ResolveAsync(string report, ReportState state, string? by = null, long at = 0, long? revision = null) =>
        (await Channels.ResolveAsync(new ResolveChange("room", report, state, Sample.Time(at)) { By = by, Revision = revision }, Cancel)).Outcome;
}
