using System.Net.WebSockets;
using RealtimeKit.Checking.Clients;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.Files;
using RealtimeKit.Checking.Inboxes;

namespace RealtimeKit.Checking.Runs;

/// <summary>What a trial runs in: nodes, and the ways of its clients to them. Real processes, or a simulation.</summary>
internal interface IWorld
{
    TimeProvider Time { get; }

    IReadOnlyList<IWorldNode> Nodes { get; }

    /// <summary>Recounts inboxes; null where the world has no database to ask.</summary>
    IInboxTruth? Inboxes => null;

    /// <summary>Where files are; null where the nodes keep none.</summary>
    IFileWorld? Files => null;

    /// <summary>Starts the nodes.</summary>
    Task StartAsync();

    /// <summary>Makes the way of a client to whichever node takes its connection.</summary>
    Task<IWay> MakeWayAsync(int client, string user);

    /// <summary>Runs an episode: its lead, then its faults. When it ends everything runs and all networks pass.</summary>
    Task RunAsync(Episode episode);

    /// <summary>A node that no fault touched, to read the log through; null where there can be none beside the others.</summary>
    Task<IWorldNode?> StartFreshAsync();
}

/// <summary>One node, as whoever looks at it from outside sees it.</summary>
internal interface IWorldNode
{
    /// <summary>Whether it ended although nobody ended it.</summary>
    bool Died { get; }

    /// <summary>The bytes of memory that its process has; null where it does not run, or has no process of its own.</summary>
    long? Memory { get; }

    /// <summary>Connects to this node and no other, by a network that no fault touches.</summary>
    /// <exception cref="WebSocketException">No connection came about.</exception>
    Task<WebSocket> ConnectAsync(string user, CancellationToken cancellationToken);
}
