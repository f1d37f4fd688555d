namespace RealtimeKit.Simulation.Servers;

/// <summary>The broker that the nodes share.</summary>
internal sealed class SimulatedBrokerServer
{
    public List<SimulatedBroker> Nodes { get; } = [];

    public bool IsUp { get; private set; } = true;

    /// <summary>How often all connections to it were lost.</summary>
    public int Losses { get; private set; }

    public void Stop() => (IsUp, Losses) = (false, Losses + 1);

    public void Start() => IsUp = true;
}
