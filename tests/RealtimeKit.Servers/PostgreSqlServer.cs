using System.Globalization;

namespace RealtimeKit.Servers;

/// <summary>A PostgreSQL server of one's own: on loopback, in a temporary folder that goes with it.</summary>
public sealed class PostgreSqlServer : IAsyncDisposable
{
    /// <summary>Names the server that tests use where they do not have to stop it.</summary>
    public const string Variable = "REALTIMEKIT_POSTGRESQL";

    private readonly string _folder = ServerScript.MakeFolder();

    private readonly PostgreSqlServer? _primary;

    private PostgreSqlServer(int port, PostgreSqlServer? primary = null) => (Port, _primary) = (port, primary);

    public int Port { get; }

    /// <summary>Npgsql's connection string to the database <c>postgres</c>.</summary>
    public string ConnectionString => $"Host=127.0.0.1;Port={Port};Username=postgres;Database=postgres";

    /// <summary>Starts a server and returns when it answers.</summary>
    public static async Task<PostgreSqlServer> CreateAsync()
    {
        var server = new PostgreSqlServer(await ServerScript.FreePortAsync());
        await server.StartAsync();
        return server;
    }

    /// <summary>Starts a standby of another server, a copy that follows it.</summary>
    public static async Task<PostgreSqlServer> CreateStandbyAsync(PostgreSqlServer primary)
    {
        var server = new PostgreSqlServer(await ServerScript.FreePortAsync(), primary);
        await server.StartAsync();
        return server;
    }

    /// <summary>Makes a standby the primary.</summary>
    public Task PromoteAsync() => ServerScript.RunAsync(["promote", "postgresql", _folder]);

    /// <summary>Starts it, or starts it again after <see cref="StopAsync"/> or <see cref="KillAsync"/>, with its data.</summary>
    public Task StartAsync()
    {
        var port = Port.ToString(CultureInfo.InvariantCulture);
        return ServerScript.RunAsync(_primary is null
            ? ["start", "postgresql", _folder, port]
            : ["start-standby", "postgresql", _folder, port, _primary.Port.ToString(CultureInfo.InvariantCulture)]);
    }

    /// <summary>Stops it: <c>fast</c>, or <c>immediate</c>, which is a crash that the server itself makes.</summary>
    public Task StopAsync(string mode = "fast") => ServerScript.RunAsync(["stop", "postgresql", _folder, mode]);

    /// <summary>What a crashed machine does to it.</summary>
    public async Task KillAsync() => await ServerScript.KillAsync(await ProcessAsync());

    /// <summary>Stops it in the middle of whatever it does, with its connections open, until <see cref="ThawAsync"/>.</summary>
    public Task FreezeAsync() => SignalAllAsync("STOP");

    /// <summary>Lets it go on.</summary>
    public Task ThawAsync() => SignalAllAsync("CONT");

    /// <summary>Where it keeps its data, for tests that change it while it is stopped.</summary>
    public string DataFolder => Path.Combine(_folder, "data");

    /// <summary>Where it writes its log.</summary>
    public string LogFile => Path.Combine(_folder, "log");

    /// <summary>The process of the server.</summary>
    public async Task<int> ProcessAsync() =>
        int.Parse(await ServerScript.RunAsync(["pid", "postgresql", _folder]), CultureInfo.InvariantCulture);

    // Each connection is a process of its own, a child of the server's.
    private async Task SignalAllAsync(string signal)
    {
        var server = await ProcessAsync();
        await ServerScript.SignalAsync(server, signal);
        foreach (var child in await ServerScript.ChildrenAsync(server)) await ServerScript.SignalAsync(child, signal);
    }

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(DataFolder, "postmaster.pid"))) await StopAsync("immediate");
        Directory.Delete(_folder, recursive: true);
    }
}
