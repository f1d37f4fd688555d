using RealtimeKit.InMemory;

namespace RealtimeKit.Simulation.Servers;

/// <summary>The database: what was committed stays, whatever becomes of those who asked for it.</summary>
internal sealed class SimulatedDatabase
{
    public InMemoryStore Content { get; } = new();

    public bool IsUp { get; private set; } = true;

    /// <summary>How often all connections to it were lost.</summary>
    public int Losses { get; private set; }

    public void Stop() => (IsUp, Losses) = (false, Losses + 1);

    public void Start() => IsUp = true;

    public void LoseConnections() => Losses++;
}
