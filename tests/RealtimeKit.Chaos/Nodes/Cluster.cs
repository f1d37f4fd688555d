using RealtimeKit.Chaos.Network;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.Runs;
using RealtimeKit.Servers;

namespace RealtimeKit.Chaos.Nodes;

/// <summary>The servers, which live over many runs.</summary>
internal sealed class ChaosServers : IAsyncDisposable
{
    private ChaosServers(PostgreSqlServer? database, RabbitMqServer? broker) => (Database, Broker) = (database, broker);

    public PostgreSqlServer? Database { get; }

    public RabbitMqServer? Broker { get; }

    /// <summary>Starts private ones; without them one node runs on SQLite.</summary>
    public static async Task<ChaosServers> StartAsync(bool sqlite, bool isBrokerPostgreSql)
    {
        if (sqlite) return new ChaosServers(null, null);
        var database = PostgreSqlServer.CreateAsync();
        if (isBrokerPostgreSql) return new ChaosServers(await database, null);
        var broker = RabbitMqServer.CreateAsync();
        return new ChaosServers(await database, await broker);
    }

    public async ValueTask DisposeAsync()
    {
        if (Broker is not null) await Broker.DisposeAsync();
        if (Database is not null) await Database.DisposeAsync();
    }
}

/// <summary>The nodes of one run on the servers, behind a load balancer.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    /// <summary>The name of the folder of files within that of a run.</summary>
    public const string FilesFolder = "files";

    private readonly ChaosServers _servers;
    private NodeProgram _program;
    private readonly string _folder;
    private readonly ServerAddresses _addresses;
    private int _turn;

    public Cluster(ChaosServers servers, NodeProgram program, int nodes, string folder)
    {
        (_servers, _program, _folder) = (servers, program, folder);
        _addresses = servers.Database is { } database
            ? new ServerAddresses(database.ConnectionString, database.Port, servers.Broker?.Uri())
            : new ServerAddresses($"Data Source={Path.Combine(folder, "chat.db")}", null, null);
        Nodes = [.. Enumerable.Range(0, nodes).Select(index => new ChaosNode(index, program, folder, _addresses))];
    }

    /// <summary>The folder in which the nodes keep files, where they do.</summary>
    public string? Files => _program.Arguments.Count > 0 ? Path.Combine(_folder, FilesFolder) : null;

    public PostgreSqlServer? Database => _servers.Database;

    public RabbitMqServer? Broker => _servers.Broker;

    public IReadOnlyList<ChaosNode> Nodes { get; }

    /// <summary>Starts the nodes: the first one makes the keys that sign cookies, and the others share them.</summary>
    public async Task StartAsync()
    {
        await Nodes[0].StartAsync();
        await Nodes[0].SignInAsync(Probe.User);
        await Task.WhenAll(Nodes.Skip(1).Select(node => node.StartAsync()));
    }

    /// <summary>A node of its own beside the others, with a network of its own: nothing that happened to them reaches it.</summary>
    public async Task<ChaosNode> StartFreshAsync()
    {
        var node = new ChaosNode(Nodes.Count, _program, _folder, _addresses, direct: true);
        await node.StartAsync();
        return node;
    }

    /// <summary>Lets a node run another program from its next start on, and a fresh one too.</summary>
    public void Use(int node, NodeProgram program)
    {
        _program = program;
        Nodes[node].Use(program);
    }

    /// <summary>The nodes in the order in which a load balancer tries them for the next connection.</summary>
    public IEnumerable<Destination> Balance(Link client)
    {
        var first = Interlocked.Increment(ref _turn);
        for (var i = 0; i < Nodes.Count; i++)
        {
            var node = Nodes[(int)((uint)(first + i) % (uint)Nodes.Count)];
            yield return new Destination(node.Port, [client, node.LinkTo(LinkSide.Clients)]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes) await node.DisposeAsync();
    }
}
