using System.Globalization;
using System.Text;
using RealtimeKit.Benchmarks.Jobs;

namespace RealtimeKit.Benchmarks.Reports;

/// <summary>Gathers the runs and writes the Markdown: medians, and the median of the ratios round by round.</summary>
internal sealed class LoadReport
{
    private readonly List<(IJob Job, Contender Contender, Measurement Result)> _runs = [];

    public void Add(IJob job, Contender contender, Measurement result) => _runs.Add((job, contender, result));

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append(Setting.Describe()).AppendLine();
        text.AppendLine("| job | ratio to SignalR MessagePack | at most | ratio to SignalR JSON | rounds |");
        text.AppendLine("|---|---|---|---|---|");
        foreach (var job in _runs.Select(x => x.Job).Distinct())
        {
            var (ours, messagePack, json) =
                (Values(job, Contender.Ours), Values(job, Contender.Baseline), Values(job, "signalr-json"));
            text.AppendLine(CultureInfo.InvariantCulture,
                $"| {job.Name} | **{Ratio(ours, messagePack)}** | {job.Target:f2} | {Ratio(ours, json)} | {Rounds(ours, messagePack)} |");
        }

        text.AppendLine();
        text.AppendLine("| job | server | median | unit | client's share of the CPU time |");
        text.AppendLine("|---|---|---|---|---|");
        foreach (var runs in _runs.GroupBy(x => (x.Job, x.Contender)))
        {
            var share = Statistics.Median([.. runs.Select(x => x.Result.ClientShare ?? double.NaN)]);
            text.AppendLine(CultureInfo.InvariantCulture,
                $"| {runs.Key.Job.Name} | {runs.Key.Contender.Name} | {Statistics.Median([.. runs.Select(x => x.Result.Value)]):n3} | {runs.Key.Job.Unit} | {(double.IsNaN(share) ? "" : $"{share:p0}")} |");
        }

        return text.ToString();
    }

    private List<double> Values(IJob job, string contender) =>
        [.. _runs.Where(x => x.Job == job && x.Contender.Name == contender).Select(x => x.Result.Value)];

    private static string Ratio(List<double> ours, List<double> theirs) => ours.Count == 0 || theirs.Count == 0
        ? "–"
        : Statistics.Median([.. ours.Zip(theirs, (a, b) => a / b)]).ToString("f2", CultureInfo.InvariantCulture);

    private static string Rounds(List<double> ours, List<double> theirs) =>
        string.Join(", ", ours.Zip(theirs, (a, b) => (a / b).ToString("f2", CultureInfo.InvariantCulture)));
}
