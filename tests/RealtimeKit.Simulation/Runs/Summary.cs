using System.Globalization;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Faults;

namespace RealtimeKit.Simulation.Runs;

/// <summary>What many trials checked and found; a worker hands its own over as one line of its output.</summary>
internal sealed class Summary
{
    private const string Mark = "sum ";
    private readonly long[] _checked = new long[Enum.GetValues<Check>().Length];
    private readonly long[] _violations = new long[Enum.GetValues<Check>().Length];
    private readonly long[] _kinds = new long[Schedule.AllKinds.Count];
    private readonly long[] _withOverload = new long[Schedule.AllKinds.Count];
    private long _sends;
    private long _seconds;

    public long Seeds { get; private set; }

    public long Bad { get; private set; }

    public void Add(TrialResult result)
    {
        Seeds++;
        if (!result.IsGood) Bad++;
        foreach (var episode in result.Episodes)
        {
            foreach (var fault in episode.Faults)
            {
                _kinds[(int)fault.Kind]++;
                if (episode.Overload is not null) _withOverload[(int)fault.Kind]++;
            }
        }

        _sends += result.Trial.Ledger.Sends.Count;
        _seconds += (long)TimeSpan.FromTicks(result.Scheduler.Now).TotalSeconds;
        foreach (var check in Enum.GetValues<Check>())
        {
            _checked[(int)check] += result.Trial.Findings.Checked(check);
            _violations[(int)check] += result.Trial.Findings.Violations(check);
        }
    }

    public string HandOver() => Mark + string.Join(' ', new[] { Seeds, Bad, _sends, _seconds }.Concat(Arrays().SelectMany(array => array))
        .Select(number => number.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Adds what a worker handed over; false where the line is none of that.</summary>
    public bool TryTake(string line)
    {
        if (!line.StartsWith(Mark, StringComparison.Ordinal)) return false;
        var numbers = line[Mark.Length..].Split(' ').Select(number => long.Parse(number, CultureInfo.InvariantCulture)).ToArray();
        Seeds += numbers[0];
        Bad += numbers[1];
        _sends += numbers[2];
        _seconds += numbers[3];
        var next = 4;
        foreach (var array in Arrays())
            for (var i = 0; i < array.Length; i++) array[i] += numbers[next++];
        return true;
    }

    public IEnumerable<string> Lines() =>
    [
        string.Create(CultureInfo.InvariantCulture, $"{_kinds.Sum():n0} faults, {_sends:n0} sends, {_seconds:n0} s of virtual time."),
        "| check | checked | violations |", "|---|---|---|",
        // Inboxes and files are checked on real servers alone.
        .. Enum.GetValues<Check>().Where(check => _checked[(int)check] > 0).Select(check => string.Create(
            CultureInfo.InvariantCulture, $"| {Findings.Name(check)} | {_checked[(int)check]:n0} | {_violations[(int)check]} |")),
        "", "| fault | times | with an overload |", "|---|---|---|",
        .. Schedule.AllKinds.Select(kind => string.Create(
            CultureInfo.InvariantCulture, $"| {Fault.Name(kind)} | {_kinds[(int)kind]:n0} | {_withOverload[(int)kind]:n0} |")),
    ];

    private long[][] Arrays() => [_checked, _violations, _kinds, _withOverload];
}
