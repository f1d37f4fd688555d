using System.Globalization;

namespace RealtimeKit.Chaos.Runs;

/// <summary>Says in a line what became of a run.</summary>
internal static class Report
{
    public static string Line(RunResult result) => string.Create(
        CultureInfo.InvariantCulture,
        $"seed {result.Seed}: {(result.Findings.Total == 0 ? "good" : $"{result.Findings.Total} VIOLATIONS")}, {result.Faults.Count} faults, {result.Sends} sends ({result.Repeated} acknowledged as sent again), {result.Connections} connections, level within {result.LongestLevel.TotalSeconds:f1} s, presence within {result.LongestPresence.TotalSeconds:f1} s, {result.Complaints} failures logged by nodes, {result.Took.TotalSeconds:f0} s");
}
