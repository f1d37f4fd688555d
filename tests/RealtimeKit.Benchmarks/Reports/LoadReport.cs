using System.Globalization;
using System.Text;
using RealtimeKit.Benchmarks.Jobs;

namespace RealtimeKit.Benchmarks.Reports;

/// <summary>Gathers the runs and writes the Markdown: medians, and the median of the ratios run by run.</summary>
internal sealed class LoadReport
{
    private const int FewRuns = 6;

    private readonly List<(IJob Job, Contender Contender, Measurement Result)> _runs = [];

    public void Add(IJob job, Contender contender, Measurement result) => _runs.Add((job, contender, result));

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append(Setting.Describe()).AppendLine();
        text.AppendLine("| job | ratio to SignalR MessagePack | at most | of the runs | ratio to SignalR JSON | the bare pipe's ratio |");
        text.AppendLine("|---|---|---|---|---|---|");
        foreach (var job in _runs.Select(x => x.Job).Distinct())
        {
            AddRatios(text, job, job.Name, job.Target.ToString("f2", CultureInfo.InvariantCulture), x => x.Value);
            if (_runs.Any(x => x.Job == job && x.Result.WithSecondAfter is not null))
                AddRatios(text, job, "the same with the second after", "", x => x.WithSecondAfter ?? x.Value);
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

        AddFigures(text);
        return text.ToString();
    }

    private void AddFigures(StringBuilder text)
    {
        var runs = _runs.Where(static run => run.Result.Figures is not null).GroupBy(static run => (run.Job, run.Contender)).ToList();
        if (runs.Count == 0) return;
        var names = runs[0].First().Result.Figures!.Select(static figure => figure.Name).ToList();
        text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"| job | server | CPU s per million | {string.Join(" | ", names)} |");
        text.Append("|---|---|---|").Insert(text.Length, "---|", names.Count).AppendLine();
        foreach (var group in runs)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {group.Key.Job.Name} | {group.Key.Contender.Name} | {Range([.. group.Select(static run => run.Result.Value)], "n3")} |");
            for (var i = 0; i < names.Count; i++) text.Append(CultureInfo.InvariantCulture, $" {Range([.. group.Select(run => run.Result.Figures![i].Value)], "n1")} |");
            text.AppendLine();
        }
    }

    // The median, and in brackets the least and the most where there are several rounds.
    private static string Range(List<double> values, string format)
    {
        var median = Statistics.Median(values).ToString(format, CultureInfo.InvariantCulture);
        return values.Count == 1 ? median : string.Create(CultureInfo.InvariantCulture, $"{median} ({values.Min().ToString(format, CultureInfo.InvariantCulture)}–{values.Max().ToString(format, CultureInfo.InvariantCulture)})");
    }

    private void AddRatios(StringBuilder text, IJob job, string name, string target, Func<Measurement, double> value)
    {
        var ours = Ratios(job, Contender.Ours, Contender.Baseline, value);
        text.AppendLine(CultureInfo.InvariantCulture,
            $"| {name} | **{Median(ours)}** | {target} | {Spread(ours)} | {Median(Ratios(job, Contender.Ours, "signalr-json", value))} | {Median(Ratios(job, "pipe", Contender.Baseline, value))} |");
    }

    private List<double> Ratios(IJob job, string one, string other, Func<Measurement, double> value) =>
        [.. Values(job, one, value).Zip(Values(job, other, value), (a, b) => a / b)];

    private IEnumerable<double> Values(IJob job, string contender, Func<Measurement, double> value) =>
        _runs.Where(x => x.Job == job && x.Contender.Name == contender).Select(x => value(x.Result));

    private static string Median(List<double> ratios) => ratios.Count == 0 ? "–" : Text(Statistics.Median(ratios));

    private static string Spread(List<double> ratios)
    {
        if (ratios.Count <= FewRuns)
            return string.Join(", ", ratios.Select(Text));
        ratios.Sort();
        return $"half of {ratios.Count} from {Text(Statistics.Rank(ratios, 0.25))} to {Text(Statistics.Rank(ratios, 0.75))}";
    }

    private static string Text(double ratio) => ratio.ToString("f2", CultureInfo.InvariantCulture);
}
