using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RealtimeKit.Benchmarks.Servers;

namespace RealtimeKit.Benchmarks.Processes;

/// <summary>A server in a process of its own, from its start to its end, and what it has used so far.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly HttpClient _http;

    private ServerProcess(Process process, int port)
    {
        (_process, Port) = (process, port);
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromMinutes(2) };
    }

    public int Port { get; }

    public int Id => _process.Id;

    public static async Task<ServerProcess> StartAsync(int? core, params string[] arguments)
    {
        var start = Pinning.Start(core, ["server", .. arguments]);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        var process = Process.Start(start)!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(Server.Ready, StringComparison.Ordinal))
                return new ServerProcess(process, int.Parse(line.AsSpan(Server.Ready.Length), CultureInfo.InvariantCulture));
            await Console.Error.WriteLineAsync(line);
        }

        throw new InvalidOperationException("The server did not start.");
    }

    /// <summary>Debian's nats-server with its WebSocket listener, on one core.</summary>
    public static async Task<ServerProcess> StartNatsAsync(int core)
    {
        var folder = Directory.CreateTempSubdirectory("nats");
        var (port, webSocketPort) = (FreePort(), FreePort());
        var configuration = Path.Combine(folder.FullName, "nats.conf");
        await File.WriteAllTextAsync(configuration, $$"""
            listen: "127.0.0.1:{{port}}"
            max_connections: 20000
            websocket { listen: "127.0.0.1:{{webSocketPort}}", no_tls: true }
            """);
        var process = Process.Start(new ProcessStartInfo("taskset", ["-c", $"{core}", "nats-server", "-c", configuration]) { RedirectStandardError = true })!;
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            if (!line.Contains("Server is ready", StringComparison.Ordinal)) continue;
            _ = process.StandardError.ReadToEndAsync();
            return new ServerProcess(process, webSocketPort);
        }

        throw new InvalidOperationException("nats-server did not start: is it installed (apt-get install nats-server)?");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>User and system time of the process so far.</summary>
    public TimeSpan Cpu() => CpuClock.Of(Id);

    /// <summary>The resident memory that belongs to the process alone, in bytes; asking costs the server nothing.</summary>
    public long PrivateBytes() => CpuClock.PrivateBytesOf(Id);

    /// <summary>Lets the server collect its garbage and tells what it holds then.</summary>
    public async Task<MemoryReport> SettleAsync() => (await _http.GetFromJsonAsync<MemoryReport>("/settle"))!;

    /// <summary>What the server holds, untouched.</summary>
    public async Task<MemoryReport> MemoryAsync() => (await _http.GetFromJsonAsync<MemoryReport>("/memory"))!;

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
