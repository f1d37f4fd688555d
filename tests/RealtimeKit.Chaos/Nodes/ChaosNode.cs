using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using RealtimeKit.Chaos.Network;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.Network;
using RealtimeKit.Checking.Runs;
using RealtimeKit.Servers;

namespace RealtimeKit.Chaos.Nodes;

/// <summary>One node of the cluster: a process on a port of its own, which reaches broker and database through proxies.</summary>
internal sealed class ChaosNode : IWorldNode, IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(40);
    private static readonly HttpClient Http = new(new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false, UseProxy = false });

    private NodeProgram _program;
    private readonly string _folder;
    private readonly Proxy? _brokerProxy;
    private readonly Proxy? _databaseProxy;
    private readonly Link[] _links;
    private readonly StreamWriter _output;
    private readonly ConcurrentDictionary<string, string> _cookies = [];
    private readonly Lock _gate = new();
    private Process? _process;
    private bool _mayEnd;
    private int _starts;

    public ChaosNode(int index, NodeProgram program, string folder, ServerAddresses servers, bool direct = false)
    {
        (Index, _program, _folder) = (index, program, folder);
        _links = [.. Enum.GetValues<LinkSide>().Select(side => new Link($"{side} of node {index}"))];
        if (servers.BrokerPort is { } broker && !direct) _brokerProxy = Proxy.To(broker, LinkTo(LinkSide.Broker));
        if (servers.DatabasePort is { } database && !direct) _databaseProxy = Proxy.To(database, LinkTo(LinkSide.Database));
        ConnectionString = servers.Database(_databaseProxy?.Port);
        BrokerUri = servers.Broker(_brokerProxy?.Port);
        Port = FreePort();
        _output = new StreamWriter(Path.Combine(folder, $"node-{index}.log"), append: true) { AutoFlush = true };
    }

    public int Index { get; }

    public int Port { get; }

    public Uri Address => new($"http://127.0.0.1:{Port}");

    public string ConnectionString { get; }

    public string? BrokerUri { get; }

    public Link LinkTo(LinkSide side) => _links[(int)side];

    /// <summary>Whether the process ended although nobody ended it.</summary>
    public bool Died
    {
        get
        {
            lock (_gate) return !_mayEnd && _process is { HasExited: true };
        }
    }

    public long? Memory
    {
        get
        {
            lock (_gate)
            {
                if (_mayEnd || _process is not { HasExited: false } process) return null;
                try
                {
                    process.Refresh();
                    return process.WorkingSet64;
                }
                catch (InvalidOperationException)
                {
                    // It has just ended.
                    return null;
                }
            }
        }
    }

    /// <summary>How many lines of failures the node logged.</summary>
    public int Complaints { get; private set; }

    /// <summary>Runs another program from the next start on.</summary>
    public void Use(NodeProgram program) => _program = program;

    /// <summary>Starts the process and returns when it answers.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            WorkingDirectory = Path.GetDirectoryName(_program.Assembly)!,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(_program.Assembly);
        foreach (var argument in _program.Arguments) start.ArgumentList.Add(argument);
        Option(start, "--urls", Address.ToString().TrimEnd('/'));
        Option(start, "--ConnectionStrings:Chat", ConnectionString);
        if (BrokerUri is not null) Option(start, "--ConnectionStrings:RabbitMq", BrokerUri);
        if (_program.Arguments.Count > 0) Option(start, "--files", Path.Combine(_folder, Cluster.FilesFolder));
        if (_program.Arguments.Count > 0 && _starts++ > 0) Option(start, "--again", "true");
        // The keys that sign the cookies lie under HOME: one folder for all nodes, as a real cluster shares them.
        start.Environment["HOME"] = _folder;
        start.Environment["DOTNET_gcServer"] = "0";
        var process = Process.Start(start) ?? throw new InvalidOperationException($"Node {Index} did not start.");
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        lock (_gate) (_process, _mayEnd) = (process, false);
        Cleanup.Add(this);
        await UntilItAnswersAsync(process);
    }

    /// <summary>What a crash does: no warning, nothing flushed.</summary>
    public async Task KillAsync()
    {
        var process = Ending();
        process.Kill();
        await process.WaitForExitAsync();
    }

    public Task SignalAsync(string signal) => ServerScript.SignalAsync(_process!.Id, signal);

    /// <summary>Asks it to end (SIGTERM) and waits until it has.</summary>
    /// <returns>How long it took.</returns>
    public async Task<TimeSpan> StopAsync()
    {
        var process = Ending();
        var begin = TimeProvider.System.GetTimestamp();
        await ServerScript.SignalAsync(process.Id, "TERM");
        using var limit = new CancellationTokenSource(DrainLimit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            Complaints++;
            Keep($"fail: the node did not end within {DrainLimit}");
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }

        return TimeProvider.System.GetElapsedTime(begin);
    }

    /// <summary>Signs a user in and returns the Cookie header, which is good at every node.</summary>
    public async Task<string> SignInAsync(string user)
    {
        using var form = new FormUrlEncodedContent([new("name", user)]);
        using var response = await Http.PostAsync(new Uri(Address, "/login"), form);
        var cookies = response.Headers.TryGetValues("Set-Cookie", out var set) ? set.Select(line => line.Split(';')[0]).ToList() : [];
        if ((int)response.StatusCode >= 400 || cookies.Count == 0)
            throw new InvalidOperationException($"POST /login as '{user}' gave {(int)response.StatusCode} and {cookies.Count} cookies.");
        return string.Join("; ", cookies);
    }

    public async Task<WebSocket> ConnectAsync(string user, CancellationToken cancellationToken) =>
        await ClusterWorld.ConnectAsync(Port, await CookieAsync(user), cancellationToken);

    /// <summary>The Cookie header of a user, who is signed in if need be.</summary>
    public async Task<string> CookieAsync(string user) => _cookies[user] = _cookies.GetValueOrDefault(user) ?? await SignInAsync(user);

    public async ValueTask DisposeAsync()
    {
        Cleanup.Remove(this);
        if (_process is { HasExited: false }) await KillAsync();
        _process?.Dispose();
        foreach (var link in _links) link.Set(LinkMode.Pass, reset: true);
        if (_brokerProxy is not null) await _brokerProxy.DisposeAsync();
        if (_databaseProxy is not null) await _databaseProxy.DisposeAsync();
        lock (_output) _output.Dispose();
    }

    private Process Ending()
    {
        lock (_gate)
        {
            _mayEnd = true;
            return _process ?? throw new InvalidOperationException($"Node {Index} is not running.");
        }
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_output)
        {
            if (line.StartsWith("fail:", StringComparison.Ordinal) || line.StartsWith("crit:", StringComparison.Ordinal)
                || line.StartsWith("Unhandled exception", StringComparison.Ordinal)) Complaints++;
            if (_output.BaseStream is { CanWrite: true }) _output.WriteLine(line);
        }
    }

    private async Task UntilItAnswersAsync(Process process)
    {
        var begin = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(begin) < StartLimit)
        {
            if (process.HasExited) throw new InvalidOperationException($"Node {Index} ended with {process.ExitCode}; see node-{Index}.log in {_folder}.");
            try
            {
                using var response = await Http.GetAsync(Address);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(50);
            }
        }

        throw new TimeoutException($"Node {Index} did not answer within {StartLimit}; see node-{Index}.log in {_folder}.");
    }

    private static void Option(ProcessStartInfo start, string name, string value)
    {
        start.ArgumentList.Add(name);
        start.ArgumentList.Add(value);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"node {Index}");
}
