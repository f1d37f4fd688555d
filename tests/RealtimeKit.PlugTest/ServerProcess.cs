using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace RealtimeKit.PlugTest;

/// <summary>The sample server as a process of its own, on one port and one database, to be killed and started again.</summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);
    private readonly string _folder;
    private readonly StreamWriter _output;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseCookies = false });
    private Process? _process;

    public ServerProcess(string folder)
    {
        _folder = folder;
        _output = TextWriterFor(Path.Combine(folder, "server.log"));
        Port = FreePort();
    }

    public int Port { get; }

    public Uri Endpoint => new($"ws://127.0.0.1:{Port}/realtime");

    /// <summary>Starts it, and ends when it answers.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo("dotnet", [Assembly(), "--urls", $"http://127.0.0.1:{Port}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ConnectionStrings__Chat"] = $"Data Source={Path.Combine(_folder, "chat.db")}";
        // The keys that cookies are signed with live under it: a sign-in outlives the process.
        start.Environment["HOME"] = _folder;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var begin = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await SignInAsync("prober");
                return;
            }
            catch (HttpRequestException) when (!_process.HasExited && TimeProvider.System.GetElapsedTime(begin) < StartDeadline)
            {
                await Task.Delay(20);
            }
        }
    }

    /// <summary>Pulls the plug: SIGKILL, no word to anybody.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Signs a user in and returns the cookie.</summary>
    public async Task<string> SignInAsync(string user)
    {
        using var form = new FormUrlEncodedContent([new("name", user)]);
        using var response = await _http.PostAsync(new Uri($"http://127.0.0.1:{Port}/login"), form);
        response.EnsureSuccessStatusCode();
        return string.Join("; ", response.Headers.GetValues("Set-Cookie").Select(cookie => cookie.Split(';')[0]));
    }

    public void Dispose()
    {
        _process?.Kill();
        _process?.Dispose();
        _http.Dispose();
        lock (_output) _output.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_output)
            if (_output.BaseStream is { CanWrite: true }) _output.WriteLine(line);
    }

    private static StreamWriter TextWriterFor(string path) => new(path) { AutoFlush = true };

    private static string Assembly()
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "RealtimeKit.sln"))) continue;
            return Path.Combine(folder.FullName, "samples", "QuickStart", "bin", configuration, "net10.0", "QuickStart.dll");
        }

        throw new InvalidOperationException("The repository's root is not above the test.");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
