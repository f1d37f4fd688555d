using RealtimeKit.Checking.Faults;

namespace RealtimeKit.Checking.Runs;

/// <summary>The size of a trial, and what happens in it.</summary>
internal record TrialSettings
{
    public int Seed { get; init; } = Random.Shared.Next(1_000_000);

    /// <summary>How long load and faults take together, about.</summary>
    public TimeSpan Length { get; init; } = TimeSpan.FromSeconds(60);

    public IReadOnlyList<FaultKind> Kinds { get; init; } = Schedule.AllKinds;

    public int Clients { get; init; } = 60;

    public int RawClients { get; init; } = 8;

    public int Nodes { get; init; } = 3;

    /// <summary>How many channels most clients read.</summary>
    public int Hot { get; init; } = 3;

    public int Warm { get; init; } = 15;

    public int Quiet { get; init; } = 30;

    /// <summary>What all clients together do a second.</summary>
    public double Rate { get; init; } = 250;

    /// <summary>How many clients join for an overload.</summary>
    public int CrowdSize { get; init; } = 20;

    /// <summary>How many of them publish.</summary>
    public int CrowdPublishers { get; init; } = 5;

    /// <summary>How many messages each of these has under way: more than a node takes from one connection.</summary>
    public int CrowdWindow { get; init; } = 270;

    /// <summary>By how many bytes the memory of a node may grow in an overload.</summary>
    public long MostGrowth { get; init; } = 128L << 20;

    /// <summary>How many times the times that are promised may be taken, on a machine that does other work.</summary>
    public double Slack { get; init; } = 1;

    /// <summary>
    /// How long after the healing presence may be wrong: three heartbeats. Longer where notices are lost all the time, for a difference is
    /// mended by three of them in a row, and tried again with the next heartbeat.
    /// </summary>
    public TimeSpan PresenceLimit { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// For how long after the answer who was removed may still receive what is published; null where that is not checked. The repair interval, and
    /// what a publish takes.
    /// </summary>
    public TimeSpan? HiddenWithin { get; init; }

    /// <summary>Whether users are muted and messages pinned: nodes of versions before do not know it.</summary>
    public bool Moderates { get; init; } = true;

    /// <summary>Whether the store decides every call before its caller gives it up, as a simulated one can.</summary>
    public bool GivenUpIsOver { get; init; }

    /// <summary>A fault in the nodes themselves, which the checks must find.</summary>
    public string? Plant { get; init; }
}
