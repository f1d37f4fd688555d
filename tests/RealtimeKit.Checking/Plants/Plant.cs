using RealtimeKit.Brokers;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Files;
using RealtimeKit.Stores;

namespace RealtimeKit.Checking.Plants;

/// <summary>A fault that is built into the checker's own nodes, and which check must find it.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="What">What the nodes do wrong.</param>
/// <param name="CaughtBy">The checks of which at least one must report it.</param>
/// <param name="Faults">Which faults of the environment bring it out.</param>
internal sealed record Plant(string Name, string What, IReadOnlyList<Check> CaughtBy, string Faults)
{
    /// <summary>Stands before the store.</summary>
    public Func<IMessageStore, PlantContext, IMessageStore>? Store { get; init; }

    /// <summary>Stands before the broker.</summary>
    public Func<IMessageBroker, IMessageBroker>? Broker { get; init; }

    /// <summary>Stands before what inboxes read.</summary>
    public Func<IInboxStore, IInboxStore>? Inboxes { get; init; }

    /// <summary>Stands before the records of files.</summary>
    public Func<IFileRecords, IFileRecords>? Records { get; init; }

    /// <summary>Stands before the bytes of files.</summary>
    public Func<IFileStore, IFileStore>? Files { get; init; }

    /// <summary>A trigger in the database: PostgreSQL's name of its table, when it fires, and what it does with each row.</summary>
    public PlantedTrigger? Trigger { get; init; }

    /// <summary>Sets the engine otherwise.</summary>
    public Action<RealtimeOptions>? Options { get; init; }

    /// <summary>
    /// Whether only a simulation can be sure that it is a fault: what is under way to a real database when its caller gives up
    /// may still take effect.
    /// </summary>
    public bool NeedsSimulation { get; init; }

    /// <summary>Whether only processes show that it is a fault.</summary>
    public bool NeedsProcesses { get; init; }

    /// <summary>Whether there are no inboxes: they would find it first, and wait for what does not come.</summary>
    public bool LeavesOutInboxes { get; init; }

    /// <summary>In the bare clients, not in the nodes: what comes late in a catch-up is taken for old and dropped.</summary>
    public bool ClientsTakeLateForOld { get; init; }
}

/// <summary>What a plant may need of its node.</summary>
/// <param name="Again">Whether the node was started again.</param>
/// <param name="Broker">Gives the node's broker.</param>
/// <param name="Time">The node's clock.</param>
internal sealed record PlantContext(bool Again, Func<IMessageBroker?> Broker, TimeProvider Time);

/// <summary>A trigger of PostgreSQL that does what no node may do.</summary>
/// <param name="Table">The table.</param>
/// <param name="When">When it fires, such as <c>BEFORE UPDATE</c>.</param>
/// <param name="Body">Statements of PL/pgSQL that change <c>NEW</c>.</param>
internal sealed record PlantedTrigger(string Table, string When, string Body);
