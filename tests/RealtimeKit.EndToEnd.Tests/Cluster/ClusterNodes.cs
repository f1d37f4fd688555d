using System.Globalization;
using RealtimeKit.Servers;
using Xunit;

namespace RealtimeKit.EndToEnd.Cluster;

/// <summary>Three nodes on a database and an exchange of their own, and a load balancer before them; all start at once.</summary>
public sealed class ClusterNodes(ClusterServers servers) : IAsyncLifetime
{
    private const int Count = 3;
    private string? _taken;
    private Balancer? _balancer;

    /// <summary>The database's connection string; a fresh database where none is given.</summary>
    public string? Database { get; init; }

    /// <summary>Whether a database that was given goes with the cluster.</summary>
    public bool DropsDatabase { get; init; }

    /// <summary>The broker's address; the one that all tests share where none is given.</summary>
    public string? Broker { get; init; }

    /// <summary>What each node finds in its environment beside its own.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    public IReadOnlyList<NodeProcess> Nodes { get; private set; } = [];

    internal Balancer Balancer => _balancer!;

    /// <summary>What all of it wrote.</summary>
    public string Output => string.Join('\n', [.. Nodes.Select(node => $"--- {node.Name}\n{node.Output}"), $"--- nginx\n{_balancer?.Errors}"]);

    public async ValueTask InitializeAsync()
    {
        var database = Database ?? await servers.TakeDatabaseAsync();
        if (Database is null || DropsDatabase) _taken = database;
        var broker = Broker ?? await servers.BrokerAsync();
        var exchange = $"test-{Guid.NewGuid():n}";
        var ports = (await ServerScript.RunAsync(["port", Count.ToString(CultureInfo.InvariantCulture)])).Split('\n');
        Nodes = [.. ports.Select((port, index) => new NodeProcess($"n{index + 1}", int.Parse(port, CultureInfo.InvariantCulture), database, broker, exchange, Environment))];
        await Task.WhenAll(Nodes.Select(node => node.StartAsync()));
        _balancer = await Balancer.StartAsync(Nodes);
    }

    public async ValueTask DisposeAsync()
    {
        if (_balancer is not null) await _balancer.DisposeAsync();
        try
        {
            // All of them, also where one has something to complain of.
            await Task.WhenAll(Nodes.Select(node => node.DisposeAsync().AsTask()));
        }
        finally
        {
            if (_taken is not null) await ClusterServers.GiveDatabaseBackAsync(_taken);
        }
    }
}
