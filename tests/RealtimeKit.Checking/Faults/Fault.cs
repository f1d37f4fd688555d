using System.Globalization;
using RealtimeKit.Checking.Network;

namespace RealtimeKit.Checking.Faults;

/// <summary>Everything that is done to a cluster.</summary>
internal enum FaultKind
{
    NodeKill,
    NodeFreeze,
    NodeDrain,
    BrokerKill,
    BrokerRestart,
    BrokerPurge,
    BrokerBackends,
    DatabaseCrash,
    DatabaseRestart,
    DatabaseBackends,
    ClientCut,
    ClientHalfOpen,
    ClientOneWay,
    ClientFlap,
    BrokerCut,
    BrokerHalfOpen,
    BrokerOneWay,
    BrokerFlap,
    DatabaseCut,
    DatabaseHalfOpen,
    DatabaseOneWay,
    DatabaseFlap,
    ReaderStall,
    Overload,
}

/// <summary>One fault of a schedule.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Node">The node that it concerns, where it concerns one.</param>
/// <param name="After">When it begins, from the beginning of its episode.</param>
/// <param name="Lasts">How long it lasts; what is stopped is started after that.</param>
/// <param name="Mode">For a network fault: what the link does.</param>
/// <param name="Reset">For a network fault: whether what was held back is lost with its connections, or is only late.</param>
/// <param name="Clients">For a stalled reader: which clients.</param>
internal sealed record Fault(
    FaultKind Kind, int Node, TimeSpan After, TimeSpan Lasts, LinkMode Mode = LinkMode.Pass, bool Reset = false, IReadOnlyList<int>? Clients = null)
{
    /// <summary>The side that a network fault cuts a node off from.</summary>
    public LinkSide? Side => Kind switch
    {
        FaultKind.ClientCut or FaultKind.ClientHalfOpen or FaultKind.ClientOneWay or FaultKind.ClientFlap => LinkSide.Clients,
        FaultKind.BrokerCut or FaultKind.BrokerHalfOpen or FaultKind.BrokerOneWay or FaultKind.BrokerFlap => LinkSide.Broker,
        FaultKind.DatabaseCut or FaultKind.DatabaseHalfOpen or FaultKind.DatabaseOneWay or FaultKind.DatabaseFlap => LinkSide.Database,
        _ => null,
    };

    /// <summary>Whether a kind can come about: which broker the nodes have decides it.</summary>
    public static bool IsPossible(FaultKind kind, bool isBrokerPostgreSql) =>
        kind == FaultKind.BrokerBackends ? isBrokerPostgreSql
        : !isBrokerPostgreSql || kind is not (FaultKind.BrokerKill or FaultKind.BrokerRestart or FaultKind.BrokerPurge
            or FaultKind.BrokerCut or FaultKind.BrokerHalfOpen or FaultKind.BrokerOneWay or FaultKind.BrokerFlap);

    /// <summary>What it takes hold of: two faults of one episode take hold of different things.</summary>
    public string Object => Kind switch
    {
        FaultKind.NodeKill or FaultKind.NodeFreeze or FaultKind.NodeDrain => $"node {Node}",
        FaultKind.BrokerKill or FaultKind.BrokerRestart or FaultKind.BrokerBackends => "broker",
        // A queue fills behind a held link before it is emptied.
        FaultKind.BrokerPurge => $"broker of {Node}",
        FaultKind.DatabaseCrash or FaultKind.DatabaseRestart or FaultKind.DatabaseBackends => "database",
        FaultKind.ReaderStall => "readers",
        FaultKind.Overload => "load",
        _ => $"{Side} of {Node}",
    };

    public override string ToString()
    {
        var where = Kind switch
        {
            FaultKind.BrokerKill or FaultKind.BrokerRestart or FaultKind.BrokerBackends or FaultKind.DatabaseCrash or FaultKind.DatabaseRestart or FaultKind.DatabaseBackends
                or FaultKind.Overload => "",
            FaultKind.ReaderStall => $" of clients {string.Join(',', Clients ?? [])}",
            _ => $" of node {Node}",
        };
        var network = Side is null ? "" : $" ({Mode}{(Reset ? ", reset" : ", late")})";
        return string.Create(CultureInfo.InvariantCulture, $"{Name(Kind)}{where}{network} after {After.TotalSeconds:f1} s for {Lasts.TotalSeconds:f1} s");
    }

    /// <summary>A kind as the command line names it, such as <c>node-kill</c>.</summary>
    public static string Name(FaultKind kind) =>
        string.Concat(kind.ToString().Select((letter, i) => char.IsUpper(letter) && i > 0 ? $"-{char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));
}

/// <summary>What a node is connected to.</summary>
internal enum LinkSide
{
    Clients,
    Broker,
    Database,
}

/// <summary>A time of load, one or two faults, and a time to heal.</summary>
/// <param name="Lead">How long the load runs before.</param>
/// <param name="Faults">The faults.</param>
internal sealed record Episode(TimeSpan Lead, IReadOnlyList<Fault> Faults)
{
    /// <summary>The fault that brings a crowd of clients, if there is one.</summary>
    public Fault? Overload => Faults.FirstOrDefault(fault => fault.Kind == FaultKind.Overload);

    public TimeSpan Length => Lead + Faults.Select(fault => fault.After + fault.Lasts).DefaultIfEmpty().Max();

    public override string ToString() => Faults.Count == 0 ? "no fault" : string.Join(" + ", Faults);
}
