using System.Globalization;

namespace RealtimeKit.Samples;

/// <summary>What the cluster is made of, and how each part is started. A part keeps its port when it is started again.</summary>
internal sealed class ClusterParts
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(2) };
    private readonly ClusterFolder _folder;
    private readonly string _database;
    private readonly string _broker;
    private readonly string[] _nodePorts;

    /// <param name="folder">Where all of it lies.</param>
    /// <param name="address">Where the load balancer listens.</param>
    /// <param name="ports">Free ports: the database's, the broker's, and those of three nodes.</param>
    public ClusterParts(ClusterFolder folder, Uri address, string[] ports)
    {
        (_folder, _database, _broker, _nodePorts) = (folder, ports[0], ports[1], ports[2..5]);
        Servers = [Server("postgresql", _database), Server("rabbitmq", _broker)];
        Nodes = [.. _nodePorts.Select((port, index) => Node($"n{index + 1}", new Uri($"http://127.0.0.1:{port}")))];
        Balancer = new Part("nginx", address, stop => StartBalancerAsync(address, stop));
    }

    public IReadOnlyList<Part> Servers { get; }

    public IReadOnlyList<Part> Nodes { get; }

    public Part Balancer { get; }

    public IEnumerable<Part> All => [.. Nodes, Balancer, .. Servers];

    private Part Server(string kind, string port) => new(kind, new Uri($"tcp://127.0.0.1:{port}"), async _ =>
    {
        var place = Path.Combine(_folder.Location, kind);
        await _folder.ServersAsync("start", kind, place, port);
        return int.Parse(await _folder.ServersAsync("pid", kind, place), CultureInfo.InvariantCulture);
    });

    private Part Node(string name, Uri address)
    {
        // Under `dotnet run` this program is an executable, else `dotnet` with a file.
        var program = Environment.ProcessPath!;
        string[] itself = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, Path.Combine(AppContext.BaseDirectory, "Cluster.dll")] : [program];
        string[] command =
        [
            .. itself, "--urls", address.ToString(), "--Node:Name", name, "--Files", Path.Combine(_folder.Location, "files"),
            "--ConnectionStrings:Chat", $"Host=127.0.0.1;Port={_database};Username=postgres;Database=postgres",
            "--ConnectionStrings:RabbitMq", $"amqp://guest:guest@127.0.0.1:{_broker}/",
        ];
        return new Part(name, address, stop => StartAsync(name, address, command, stop));
    }

    private async Task<int> StartBalancerAsync(Uri address, CancellationToken stop)
    {
        var template = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "nginx.conf"), stop);
        var nodes = string.Join('\n', _nodePorts.Select(port => $"    server 127.0.0.1:{port} max_fails=0;"));
        var configuration = Path.Combine(_folder.Location, "nginx.conf");
        await File.WriteAllTextAsync(configuration, template
            .Replace("@folder@", _folder.Location, StringComparison.Ordinal)
            .Replace("@listen@", address.Authority, StringComparison.Ordinal)
            .Replace("@nodes@", nodes, StringComparison.Ordinal), stop);
        // The workers of a killed nginx go on without it, and keep its port.
        _folder.KillGroup("nginx");
        return await StartAsync("nginx", address, ["/usr/sbin/nginx", "-p", _folder.Location, "-e", "stderr", "-c", configuration], stop);
    }

    private async Task<int> StartAsync(string name, Uri address, string[] command, CancellationToken stop)
    {
        var process = _folder.Start(name, command);
        while (!await AnswersAsync(new Uri(address, "/alive"), stop))
        {
            if (!ProcessTable.IsAlive(process)) throw new CommandFailedException($"{name} ended at once; see {_folder.Location}/{name}.log");
            await Task.Delay(50, stop);
        }

        return process;
    }

    private static async Task<bool> AnswersAsync(Uri address, CancellationToken stop)
    {
        try
        {
            using var response = await Http.GetAsync(address, stop);
            return response.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is TaskCanceledException && !stop.IsCancellationRequested))
        {
            return false;
        }
    }
}
