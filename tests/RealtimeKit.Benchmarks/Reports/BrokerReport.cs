using System.Globalization;
using System.Text;

namespace RealtimeKit.Benchmarks.Reports;

/// <summary>Gathers the rounds of two nodes and writes the Markdown.</summary>
internal sealed class BrokerReport(int rate)
{
    private readonly List<(double[] Bare, double[] Commit, double[] Through)> _rounds = [];

    public void Add(double[] bare, double[] commit, double[] through) => _rounds.Add((bare, commit, through));

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append(Setting.Describe()).AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"| measured at {rate:n0} messages per second | median | target | rounds |");
        text.AppendLine("|---|---|---|---|");
        Row("RabbitMQ.Client alone, publisher with confirms to consumer, p50, ms", x => Statistics.Rank(x.Bare, 0.5), "");
        Row("p99, ms", x => Statistics.Rank(x.Bare, 0.99), "");
        Row("the store's commit of one message, p50, ms", x => Statistics.Rank(x.Commit, 0.5), "");
        Row("p99, ms", x => Statistics.Rank(x.Commit, 0.99), "");
        Row("a client's publish on one node to the delivery to a client of the other, p50, ms", x => Statistics.Rank(x.Through, 0.5), "");
        Row("p99, ms", x => Statistics.Rank(x.Through, 0.99), "");
        Row("p50 without the commit, in round trips of RabbitMQ.Client alone", Ratio, "at most 2");
        return text.ToString();

        void Row(string what, Func<(double[] Bare, double[] Commit, double[] Through), double> value, string target)
        {
            List<double> all = [.. _rounds.Select(value)];
            var rounds = string.Join(", ", all.Select(x => x.ToString("f2", CultureInfo.InvariantCulture)));
            text.AppendLine(CultureInfo.InvariantCulture, $"| {what} | **{Statistics.Median(all):f2}** | {target} | {rounds} |");
        }
    }

    private static double Ratio((double[] Bare, double[] Commit, double[] Through) round) =>
        (Statistics.Rank(round.Through, 0.5) - Statistics.Rank(round.Commit, 0.5)) / Statistics.Rank(round.Bare, 0.5);
}
