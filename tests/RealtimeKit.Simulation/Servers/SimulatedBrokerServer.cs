namespace RealtimeKit.Simulation.Servers;

/// <summary>The broker that the nodes share: a server of its own, or the database.</summary>
/// <param name="database">The database, where that is the broker.</param>
internal sealed class SimulatedBrokerServer(SimulatedDatabase? database)
{
    private bool _isUp = true;
    private int _losses;

    public List<SimulatedBroker> Nodes { get; } = [];

    /// <summary>Whether nodes publish heads alone, as over PostgreSQL.</summary>
    public bool PrefersHeads => database is not null;

    public bool IsUp => _isUp && database is not { IsUp: false };

    /// <summary>How often all connections to it were lost.</summary>
    public int Losses => _losses + (database?.Losses ?? 0);

    public void Stop()
    {
        _isUp = false;
        LoseConnections();
    }

    public void Start() => _isUp = true;

    public void LoseConnections() => _losses++;
}
