using System.Net.WebSockets;
using RealtimeKit.Checking.Clients;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.Runs;
using RealtimeKit.Client;
using RealtimeKit.Simulation.Network;

namespace RealtimeKit.Simulation.Nodes;

/// <summary>Nodes, database, broker and networks in this process, in virtual time.</summary>
internal sealed class SimulatedWorld : IWorld, IDisposable
{
    private readonly Surroundings _around;
    private readonly SimulatedNode[] _nodes;
    private readonly List<SimulatedLink> _clients = [];
    private SimulatedNode? _fresh;
    private int _turn;

    public SimulatedWorld(Surroundings around, int nodes) =>
        (_around, _nodes) = (around, [.. Enumerable.Range(0, nodes).Select(index => new SimulatedNode(index, around))]);

    public TimeProvider Time => _around.Time;

    public IReadOnlyList<IWorldNode> Nodes => _nodes;

    public async Task StartAsync()
    {
        foreach (var node in _nodes) await node.StartAsync();
    }

    public Task<IWay> MakeWayAsync(int client, string user)
    {
        var link = new SimulatedLink();
        _clients.Add(link);
        return Task.FromResult<IWay>(new Way(this, link, user));
    }

    public async Task RunAsync(Episode episode)
    {
        _around.Conditions.AreRough = true;
        await Task.Delay(episode.Lead, Time);
        await new SimulatedFaults(_around, _nodes, _clients).RunAsync(episode);
        _around.Conditions.AreRough = false;
    }

    public async Task<IWorldNode?> StartFreshAsync()
    {
        _fresh = new SimulatedNode(_nodes.Length, _around);
        await _fresh.StartAsync();
        return _fresh;
    }

    public void Dispose()
    {
        foreach (var node in _nodes) node.Dispose();
        _fresh?.Dispose();
    }

    // As a load balancer does: from node to node, until one takes the connection.
    private async Task<WebSocket> ConnectAsync(SimulatedLink link, string user, CancellationToken cancellationToken)
    {
        var first = _turn++;
        for (var i = 0; i < _nodes.Length && !link.IsCut; i++)
        {
            var node = _nodes[(first + i) % _nodes.Length];
            try
            {
                return await node.ConnectAsync(user, [link, node.LinkTo(LinkSide.Clients)], cancellationToken);
            }
            catch (WebSocketException)
            {
                // The next one may.
            }
        }

        throw new WebSocketException(WebSocketError.Faulted);
    }

    private sealed class Way(SimulatedWorld world, SimulatedLink link, string user) : IWay
    {
        public Task<WebSocket> ConnectAsync(CancellationToken cancellationToken) => world.ConnectAsync(link, user, cancellationToken);

        public RealtimeClient Open(RealtimeClientOptions options)
        {
            options.ConnectionFactory = async (_, cancel) => new WebSocketClientConnection(await ConnectAsync(cancel));
            options.Random = new Random(world._around.Conditions.Number(int.MaxValue));
            return new RealtimeClient(new Uri("ws://simulated/realtime"), options);
        }
    }
}
