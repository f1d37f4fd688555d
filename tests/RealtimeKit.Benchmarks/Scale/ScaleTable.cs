using System.Globalization;
using System.Text;
using RealtimeKit.Benchmarks.Reports;

namespace RealtimeKit.Benchmarks.Scale;

/// <summary>Gathers what each request took and writes the Markdown.</summary>
internal sealed class ScaleTable(string store, int much, int little)
{
    private const double Kibibyte = 1024;

    private readonly List<string> _names = [];
    private readonly Dictionary<string, (double[] Much, double[] Little)> _times = [];
    private readonly Dictionary<string, (Reads Much, Reads Little)> _reads = [];

    public void AddTimes(string name, (double[] Much, double[] Little) ascending)
    {
        _names.Add(name);
        _times.Add(name, ascending);
    }

    public void AddReads(string name, Reads ofMuch, Reads ofLittle) => _reads.Add(name, (ofMuch, ofLittle));

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"| {store} | {much:n0}: median, ms | p99 | KiB read | rows | {little:n0}: median, ms | p99 | KiB read | rows | medians | KiB |");
        text.AppendLine("|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var name in _names)
        {
            var (large, small) = _times[name];
            var (of, beside) = _reads[name];
            text.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {Times(large)} | {Counts(of)} | {Times(small)} | {Counts(beside)} | {Statistics.Rank(large, 0.5) / Statistics.Rank(small, 0.5):f1} | {Ratio(of.Bytes, beside.Bytes):f1} |");
        }

        return text.ToString();
    }

    private static string Times(double[] ascending) =>
        string.Create(CultureInfo.InvariantCulture, $"{Statistics.Rank(ascending, 0.5):f2} | {Statistics.Rank(ascending, 0.99):f2}");

    private static string Counts(Reads reads) => string.Create(CultureInfo.InvariantCulture, $"{reads.Bytes / Kibibyte:n0} | {reads.Rows:n0}");

    private static double Ratio(long one, long other) => other == 0 ? 1 : (double)one / other;
}
