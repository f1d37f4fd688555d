using System.Net.WebSockets;
using RealtimeKit.Chaos.Faults;
using RealtimeKit.Chaos.Network;
using RealtimeKit.Checking.Clients;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.Files;
using RealtimeKit.Checking.History;
using RealtimeKit.Checking.Inboxes;
using RealtimeKit.Checking.Network;
using RealtimeKit.Checking.Plants;
using RealtimeKit.Checking.Runs;
using RealtimeKit.Client;

namespace RealtimeKit.Chaos.Nodes;

/// <summary>A cluster of processes, with a proxy before each client.</summary>
/// <param name="cluster">The nodes.</param>
/// <param name="hasFreshNode">Whether another node can run beside them.</param>
/// <param name="story">Where every step goes.</param>
/// <param name="trigger">What is planted in the database.</param>
internal sealed class ClusterWorld(Cluster cluster, bool hasFreshNode, Story story, PlantedTrigger? trigger = null) : IWorld, IAsyncDisposable
{
    private readonly List<Link> _links = [];
    private readonly List<Proxy> _proxies = [];
    private ChaosNode? _fresh;
    private TriggerPlant? _plant;

    public TimeProvider Time => TimeProvider.System;

    public IReadOnlyList<IWorldNode> Nodes => cluster.Nodes;

    public async Task StartAsync()
    {
        await cluster.StartAsync();
        if (trigger is not null && cluster.Database is { } database) _plant = await TriggerPlant.PlantAsync(database.ConnectionString, trigger);
    }

    public IInboxTruth? Inboxes => cluster.Database is { } database ? new SqlRecount(database.ConnectionString) : null;

    public IFileWorld? Files => cluster.Files is { } folder ? new FolderWorld(folder) : null;

    public async Task<IWay> MakeWayAsync(int client, string user)
    {
        var link = new Link($"client {client}");
        var proxy = new Proxy(() => cluster.Balance(link));
        _links.Add(link);
        _proxies.Add(proxy);
        return new Way(proxy.Port, await cluster.Nodes[client % cluster.Nodes.Count].SignInAsync(user));
    }

    public async Task RunAsync(Episode episode)
    {
        await Task.Delay(episode.Lead);
        await new FaultRunner(cluster, client => _links[client], story).RunAsync(episode);
    }

    public async Task<IWorldNode?> StartFreshAsync() => _fresh = hasFreshNode ? await cluster.StartFreshAsync() : null;

    public async ValueTask DisposeAsync()
    {
        foreach (var link in _links) link.Set(LinkMode.Pass, reset: true);
        foreach (var proxy in _proxies) await proxy.DisposeAsync();
        if (_fresh is not null) await _fresh.DisposeAsync();
        if (_plant is not null) await _plant.DisposeAsync();
    }

    /// <summary>Connects to a node on a port of this machine, with the cookie of a user.</summary>
    public static async Task<WebSocket> ConnectAsync(int port, string cookie, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("realtimekit.v1.json");
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        Configure(socket.Options, cookie);
        try
        {
            await socket.ConnectAsync(Endpoint(port), cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static Uri Endpoint(int port) => new($"ws://127.0.0.1:{port}/realtime");

    private static void Configure(ClientWebSocketOptions options, string cookie)
    {
        options.SetRequestHeader("Cookie", cookie);
        options.Proxy = null;
    }

    private sealed class Way(int port, string cookie) : IWay, IFileWay
    {
        public Task<FileAnswer> SendAsync(HttpMethod method, string? id, IReadOnlyDictionary<string, string> headers, byte[]? body) =>
            FileHttp.SendAsync(port, cookie, method, id, headers, body);

        public Task<WebSocket> ConnectAsync(CancellationToken cancellationToken) => ClusterWorld.ConnectAsync(port, cookie, cancellationToken);

        public RealtimeClient Open(RealtimeClientOptions options)
        {
            options.ConfigureWebSocket = socket => Configure(socket, cookie);
            return new RealtimeClient(Endpoint(port), options);
        }
    }
}
