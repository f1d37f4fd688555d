using System.Globalization;

namespace RealtimeKit.Servers;

/// <summary>A RabbitMQ server, or a cluster, of one's own: on loopback, in a temporary folder that goes with it.</summary>
public sealed class RabbitMqServer : IAsyncDisposable
{
    /// <summary>Names the server that tests use where they do not have to stop it.</summary>
    public const string Variable = "REALTIMEKIT_RABBITMQ";

    private readonly string _folder = ServerScript.MakeFolder();
    private readonly int _port;
    private readonly int _nodes;
    private readonly bool _tls;
    private readonly bool _requiresClientCertificate;

    private RabbitMqServer(int port, int nodes, bool tls, bool requiresClientCertificate) =>
        (_port, _nodes, _tls, _requiresClientCertificate) = (port, nodes, tls, requiresClientCertificate);

    /// <summary>The port of a node.</summary>
    public int Port(int node = 0) => _port + node;

    /// <summary>The address of a node.</summary>
    public Uri Uri(int node = 0) => new($"{(_tls ? "amqps" : "amqp")}://guest:guest@127.0.0.1:{Port(node)}/");

    /// <summary>Where the certificates of a TLS server lie: <c>ca</c>, <c>server</c> and <c>client</c>, each <c>.pem</c> and <c>.key</c>.</summary>
    public string Certificates => Path.Combine(_folder, "tls");

    /// <summary>Starts a server, or a cluster of several nodes, and returns when it answers.</summary>
    public static async Task<RabbitMqServer> CreateAsync(int nodes = 1)
    {
        var server = new RabbitMqServer(await ServerScript.FreePortAsync(), nodes, false, false);
        await server.StartAsync();
        return server;
    }

    /// <summary>Starts a server that takes connections over TLS only.</summary>
    public static async Task<RabbitMqServer> CreateTlsAsync(bool requiresClientCertificate = false)
    {
        var server = new RabbitMqServer(await ServerScript.FreePortAsync(), 1, true, requiresClientCertificate);
        await server.StartAsync();
        return server;
    }

    /// <summary>Starts what is not running of it.</summary>
    public Task StartAsync()
    {
        var port = _port.ToString(CultureInfo.InvariantCulture);
        return _tls
            ? ServerScript.RunAsync(["start-tls", "rabbitmq", _folder, port],
                new Dictionary<string, string> { ["REQUIRE_CLIENT_CERTIFICATE"] = _requiresClientCertificate ? "true" : "false" })
            : ServerScript.RunAsync(["start", "rabbitmq", _folder, port, _nodes.ToString(CultureInfo.InvariantCulture)]);
    }

    /// <summary>Stops all of it, as an operator does.</summary>
    public Task StopAsync() => ServerScript.RunAsync(["stop", "rabbitmq", _folder]);

    /// <summary>What a crashed machine does to a node.</summary>
    public async Task KillAsync(int node = 0) => await ServerScript.KillAsync(await ProcessAsync(node));

    /// <summary>The process of a node.</summary>
    public async Task<int> ProcessAsync(int node = 0) => int.Parse(
        await ServerScript.RunAsync(["pid", "rabbitmq", _folder, node.ToString(CultureInfo.InvariantCulture)]), CultureInfo.InvariantCulture);

    /// <summary>Runs <c>rabbitmqctl</c> against a node and returns what it printed.</summary>
    public Task<string> ControlAsync(int node, params string[] arguments) =>
        ServerScript.RunAsync(["ctl", "rabbitmq", _folder, node.ToString(CultureInfo.InvariantCulture), .. arguments]);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
