using RealtimeKit.Checking.Network;

namespace RealtimeKit.Simulation.Network;

/// <summary>The network between two sides. What it holds back is late, or is lost with its connection.</summary>
internal sealed class SimulatedLink
{
    private readonly HashSet<SimulatedConnection> _connections = [];

    public LinkMode Mode { get; private set; }

    /// <summary>How often all connections through it were reset.</summary>
    public int Resets { get; private set; }

    public bool IsCut => Mode == LinkMode.Cut;

    public bool Holds(bool up) => Mode == LinkMode.Hold || Mode == (up ? LinkMode.HoldUp : LinkMode.HoldDown);

    public bool Passes => Mode == LinkMode.Pass;

    public void Set(LinkMode mode, bool reset = false)
    {
        Mode = mode;
        if (reset || mode == LinkMode.Cut) Reset();
    }

    /// <summary>Ends all connections, with what was under way.</summary>
    public void Reset()
    {
        Resets++;
        foreach (var connection in _connections.ToList()) connection.Reset();
    }

    public void Add(SimulatedConnection connection) => _connections.Add(connection);

    public void Remove(SimulatedConnection connection) => _connections.Remove(connection);
}
