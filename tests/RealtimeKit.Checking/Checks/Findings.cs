using System.Globalization;

namespace RealtimeKit.Checking.Checks;

/// <summary>The eleven things that are checked.</summary>
internal enum Check
{
    Lost,
    Phantom,
    Duplicate,
    Agreement,
    Order,
    Complete,
    Live,
    Presence,
    Authorization,
    Inbox,
    Files,
}

/// <summary>How much was checked and what was found. Safe for concurrent use; the texts are bounded, the counts are not.</summary>
internal sealed class Findings
{
    private const int MostTexts = 40;

    private readonly Lock _gate = new();
    private readonly long[] _checked = new long[Enum.GetValues<Check>().Length];
    private readonly long[] _violations = new long[Enum.GetValues<Check>().Length];
    private readonly List<string> _texts = [];

    public long Total
    {
        get
        {
            lock (_gate) return _violations.Sum();
        }
    }

    public IReadOnlyList<string> Texts
    {
        get
        {
            lock (_gate) return [.. _texts];
        }
    }

    public long Checked(Check check)
    {
        lock (_gate) return _checked[(int)check];
    }

    public long Violations(Check check)
    {
        lock (_gate) return _violations[(int)check];
    }

    public void Count(Check check, long things = 1)
    {
        lock (_gate) _checked[(int)check] += things;
    }

    public void Violate(Check check, string text)
    {
        lock (_gate)
        {
            if (_violations[(int)check]++ < MostTexts) _texts.Add($"{Name(check)}: {text}");
        }
    }

    /// <summary>Counts one thing, and a violation where it is not as it must be.</summary>
    public void Require(Check check, bool holds, Func<string> otherwise)
    {
        Count(check);
        if (!holds) Violate(check, otherwise());
    }

    public void Add(Findings other)
    {
        foreach (var check in Enum.GetValues<Check>())
        {
            Count(check, other.Checked(check));
            lock (_gate) _violations[(int)check] += other.Violations(check);
        }
    }

    /// <summary>A line for each check.</summary>
    public IEnumerable<string> Lines() => Enum.GetValues<Check>().Select(check =>
        string.Create(CultureInfo.InvariantCulture, $"{Name(check),-13} {Checked(check),9} checked  {Violations(check),4} violations"));

    public static string Name(Check check) => check.ToString().ToLowerInvariant();
}
