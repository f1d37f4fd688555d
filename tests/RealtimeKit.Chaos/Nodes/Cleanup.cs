using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace RealtimeKit.Chaos.Nodes;

/// <summary>Leaves nothing running where the checker is told to end (SIGTERM, SIGINT) amid a run.</summary>
internal sealed class Cleanup : IDisposable
{
    private const int ExitCode = 130;
    private static readonly ConcurrentDictionary<ChaosNode, bool> Nodes = new();

    private static volatile bool _ending;

    private readonly IReadOnlyList<PosixSignalRegistration> _signals;

    public Cleanup(ChaosServers servers) => _signals =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Begin(context, servers)),
        PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Begin(context, servers)),
    ];

    /// <summary>Notes a node that runs; one that was started while all of it ends, ends too.</summary>
    public static void Add(ChaosNode node)
    {
        Nodes[node] = true;
        if (_ending) _ = node.KillAsync();
    }

    public static void Remove(ChaosNode node) => Nodes.TryRemove(node, out _);

    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
    }

    private static void Begin(PosixSignalContext context, ChaosServers servers)
    {
        context.Cancel = true;
        _ending = true;
        _ = EndAsync(servers);
    }

    private static async Task EndAsync(ChaosServers servers)
    {
        try
        {
            foreach (var node in Nodes.Keys) await node.KillAsync();
            await servers.DisposeAsync();
        }
        finally
        {
            Environment.Exit(ExitCode);
        }
    }
}
