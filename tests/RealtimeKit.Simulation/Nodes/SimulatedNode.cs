using System.Net.WebSockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RealtimeKit.Brokers;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.Plants;
using RealtimeKit.Checking.Runs;
using RealtimeKit.Simulation.Network;
using RealtimeKit.Simulation.Servers;
using RealtimeKit.Simulation.Time;
using RealtimeKit.Stores;
using RealtimeKit.Transports;

namespace RealtimeKit.Simulation.Nodes;

/// <summary>One node: the real engine on a simulated store, broker, clock and network. What it knows ends with its process.</summary>
internal sealed class SimulatedNode(int index, Surroundings around) : IWorldNode, IDisposable
{
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(40);
    private readonly SimulatedLink[] _links = [.. Enum.GetValues<LinkSide>().Select(_ => new SimulatedLink())];
    private readonly List<SimulatedConnection> _connections = [];
    private readonly List<ServiceProvider> _lives = [];
    private SimulatedProcess? _process;
    private SimulatedBroker? _broker;
    private Lifetime? _lifetime;

    public bool Died => false;

    public long? Memory => null;

    public SimulatedLink LinkTo(LinkSide side) => _links[(int)side];

    public SimulatedBroker Broker => _broker!;

    /// <summary>Whether it takes connections.</summary>
    public bool IsAccepting => _process is not null && _lives[^1].GetRequiredService<IConnectionHandler>().IsAccepting;

    public async Task StartAsync()
    {
        var again = _lives.Count > 0;
        var process = _process = new SimulatedProcess(around.Scheduler);
        var time = new VirtualTime(around.Scheduler, process, TimeSpan.FromMilliseconds(around.Conditions.Number(200)));
        var broker = _broker = new SimulatedBroker(
            around.Scheduler, around.Broker, LinkTo(around.Conditions.IsBrokerPostgreSql ? LinkSide.Database : LinkSide.Broker), process, around.Conditions);
        var store = new SimulatedStore(around.Scheduler, around.Database, LinkTo(LinkSide.Database), process, around.Conditions);
        _lifetime = new Lifetime();
        var services = new ServiceCollection();
        services.AddSingleton<ILoggerFactory>(new NodeLog(index, around.Story));
        services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        services.AddSingleton<TimeProvider>(time);
        services.AddSingleton<IHostApplicationLifetime>(_lifetime);
        services.AddRealtimeMessaging(options =>
        {
            options.UsersMayCreateChannels = true;
            options.RateLimiter = new VirtualRateLimiter(around.Conditions.MessagesPerSecond, time);
            options.NodeName = $"node {index}";
            options.Random = new Random(around.Conditions.Number(int.MaxValue));
            around.Plant?.Options?.Invoke(options);
        });
        services.AddSingleton<IMessageBroker>(around.Plant?.Broker?.Invoke(broker) ?? broker);
        services.AddSingleton<IChannelStore>(store);
        services.AddSingleton<IMessageStore>(provider =>
            around.Plant?.Store?.Invoke(store, new PlantContext(again, () => provider.GetRequiredService<IMessageBroker>(), time)) ?? store);
        var life = services.BuildServiceProvider();
        _lives.Add(life);
        foreach (var hosted in life.GetServices<IHostedService>()) await hosted.StartAsync(CancellationToken.None);
    }

    /// <summary>It ends without a warning: what it had not given away is lost, and its connections end.</summary>
    public void Kill()
    {
        _process?.Kill();
        _process = null;
        around.Broker.Nodes.Remove(Broker);
        foreach (var connection in _connections) connection.Server.Out.Send(connection.Client.Lose);
        _connections.Clear();
    }

    public void Freeze() => _process?.Pause();

    public void Thaw() => _process?.Resume();

    /// <summary>It is asked to end, and lets its clients go first.</summary>
    public async Task StopAsync()
    {
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var life = _lives[^1];
        around.Scheduler.After(TimeSpan.Zero, _process, () => _ = RunAsync());
        await stopping.Task.WaitAsync(LongestStop, around.Time);
        Kill();

        async Task RunAsync()
        {
            _lifetime!.Stop();
            foreach (var hosted in life.GetServices<IHostedService>()) await hosted.StopAsync(CancellationToken.None);
            stopping.TrySetResult();
        }
    }

    public Task<WebSocket> ConnectAsync(string user, CancellationToken cancellationToken) => ConnectAsync(user, [], cancellationToken);

    /// <summary>Connects through networks of the client's and this node's own.</summary>
    public async Task<WebSocket> ConnectAsync(string user, IReadOnlyList<SimulatedLink> links, CancellationToken cancellationToken)
    {
        // The handshake needs both ways, and the node's answer.
        while (links.Any(link => link.Holds(up: true) || link.Holds(up: false)))
            await Task.Delay(TimeSpan.FromMilliseconds(50), around.Time, cancellationToken);
        await Task.Delay(around.Conditions.Delay(), around.Time, cancellationToken);
        if (_process is not { } process || links.Any(link => link.IsCut)) throw new WebSocketException(WebSocketError.Faulted);
        var accepted = new TaskCompletionSource<WebSocket?>(TaskCreationOptions.RunContinuationsAsynchronously);
        around.Scheduler.After(around.Conditions.Delay(), process, () => accepted.TrySetResult(Accept(process, user, links)));
        return await accepted.Task.WaitAsync(cancellationToken) ?? throw new WebSocketException(WebSocketError.Faulted);
    }

    public void Dispose()
    {
        foreach (var life in _lives) life.Dispose();
    }

    public override string ToString() => $"node {index}";

    private SimulatedSocket? Accept(SimulatedProcess process, string user, IReadOnlyList<SimulatedLink> links)
    {
        if (!IsAccepting || links.Any(link => link.IsCut)) return null;
        var connection = new SimulatedConnection(around.Scheduler, links, process, around.Conditions);
        _connections.Add(connection);
        _ = ServeAsync(connection, user);
        return new SimulatedSocket(connection.Client);
    }

    private async Task ServeAsync(SimulatedConnection connection, string user)
    {
        await _lives[^1].GetRequiredService<IConnectionHandler>().HandleAsync(new SimulatedTransport(connection.Server, user), CancellationToken.None);
        connection.Server.Abort();
        _connections.Remove(connection);
    }

    private sealed class Lifetime : IHostApplicationLifetime
    {
        private readonly CancellationTokenSource _stopping = new();

        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopping => _stopping.Token;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void Stop() => _stopping.Cancel();

        public void StopApplication() => Stop();
    }
}
