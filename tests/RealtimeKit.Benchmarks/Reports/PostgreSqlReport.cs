using System.Globalization;
using System.Text;

namespace RealtimeKit.Benchmarks.Reports;

/// <summary>Gathers the rounds with PostgreSQL and writes the Markdown.</summary>
internal sealed class PostgreSqlReport(int channels, int window, int rate)
{
    private readonly List<(double Raw, double Store, double Small, double Whole)> _rates = [];
    private readonly List<double[]> _latencies = [];
    private readonly List<double[]> _disk = [];

    public void Add(double raw, double store, double small, double whole) => _rates.Add((raw, store, small, whole));

    public void AddLatencies(double[] ascending, double[] disk)
    {
        _latencies.Add(ascending);
        _disk.Add(disk);
    }

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append(Setting.Describe()).AppendLine();
        text.AppendLine("| measured, PostgreSQL with synchronous_commit | median | target | rounds |");
        text.AppendLine("|---|---|---|---|");
        Row("pgbench, a hand-written statement of 64 messages, messages per second", _rates.Select(x => x.Raw), "", "n0");
        Row($"the store alone, {channels} channels with {window} outstanding each, batches as they form, durable messages per second", _rates.Select(x => x.Store), "", "n0");
        Row("its ratio to pgbench", _rates.Select(x => x.Store / x.Raw), "at least 0.8", "f2");
        Row("the same with 2 outstanding each, which makes batches of 64", _rates.Select(x => x.Small), "", "n0");
        Row("its ratio to pgbench", _rates.Select(x => x.Small / x.Raw), "", "f2");
        Row($"RealtimeKit, {channels} clients with {window} outstanding each, acknowledged messages per second", _rates.Select(x => x.Whole), "", "n0");
        Row("its ratio to pgbench", _rates.Select(x => x.Whole / x.Raw), "at least 0.3", "f2");
        Row($"acknowledgement at {rate:n0} messages per second, p50, ms", At(_latencies, 0.5), "", "f2");
        Row("p99, ms", At(_latencies, 0.99), "under 10", "f2");
        Row("longest, ms", At(_latencies, 1), "", "f2");
        Row("for comparison, the write and flush of one page on the same disk just before: p50, ms", At(_disk, 0.5), "", "f2");
        Row("p99, ms", At(_disk, 0.99), "", "f2");
        return text.ToString();

        void Row(string what, IEnumerable<double> values, string target, string format)
        {
            List<double> all = [.. values];
            var rounds = string.Join(", ", all.Select(x => x.ToString(format, CultureInfo.InvariantCulture)));
            text.AppendLine(CultureInfo.InvariantCulture,
                $"| {what} | **{Statistics.Median(all).ToString(format, CultureInfo.InvariantCulture)}** | {target} | {rounds} |");
        }
    }

    private static IEnumerable<double> At(List<double[]> rounds, double part) => rounds.Select(x => Statistics.Rank(x, part));
}
