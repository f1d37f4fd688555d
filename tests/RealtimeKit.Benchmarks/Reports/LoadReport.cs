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
        text.AppendLine("| job | ratio to SignalR MessagePack | at most | rounds | ratio to SignalR JSON | the bare pipe's ratio |");
        text.AppendLine("|---|---|---|---|---|---|");
        foreach (var job in _runs.Select(x => x.Job).Distinct())
        {
            var (ours, messagePack) = (Values(job, Contender.Ours), Values(job, Contender.Baseline));
            var (json, pipe) = (Values(job, "signalr-json"), Values(job, "pipe"));
            text.AppendLine(CultureInfo.InvariantCulture,
                $"| {job.Name} | **{Ratio(ours, messagePack)}** | {job.Target:f2} | {Rounds(ours, messagePack)} | {Ratio(ours, json)} | {Ratio(pipe, messagePack)} |");
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
