using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace RealtimeKit.EndToEnd.Hosting;

/// <summary>The sample server as a process of its own, on a free loopback port, with a database in a temporary folder.</summary>
public sealed class QuickStartProcess : IAsyncLifetime
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);
    private static readonly HttpClient Http = new(new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false });

    private readonly string _folder = Directory.CreateTempSubdirectory("realtimekit-e2e-").FullName;
    private readonly StringBuilder _output = new();
    private Process? _process;

    /// <summary>The address the server listens on; the same after a restart.</summary>
    public Uri Address { get; } = new($"http://127.0.0.1:{FreePort()}");

    /// <summary>The WebSocket endpoint.</summary>
    public Uri Endpoint => new($"ws://127.0.0.1:{Address.Port}/realtime");

    /// <summary>The file that the server keeps its channels in.</summary>
    public string Database => Path.Combine(_folder, "chat.db");

    /// <summary>All that the server has written so far.</summary>
    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    /// <summary>Whether the server may write errors of its own to its log: true where a test takes its store away.</summary>
    public bool MayComplain { get; set; }

    public async ValueTask InitializeAsync() => await StartAsync();

    /// <summary>Starts the server, on the same port and database each time, and returns when it answers.</summary>
    public async Task StartAsync()
    {
        var server = Locate();
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            ArgumentList = { server, "--urls", Address.ToString().TrimEnd('/') },
            WorkingDirectory = Path.GetDirectoryName(server)!,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ConnectionStrings__Chat"] = $"Data Source={Database}";
        // The keys that sign the cookies live under HOME: they outlive a restart and go with the folder.
        start.Environment["HOME"] = _folder;

        _process = Process.Start(start) ?? throw new InvalidOperationException("The server process did not start.");
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await UntilItAnswersAsync(_process);
    }

    /// <summary>What a power cut does: no warning, nothing flushed.</summary>
    public async Task KillAsync()
    {
        var process = _process ?? throw new InvalidOperationException("The server is not running.");
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        _process = null;
    }

    /// <summary>Asks the server to stop (SIGTERM), without waiting for it.</summary>
    public void RequestStop()
    {
        var process = _process ?? throw new InvalidOperationException("The server is not running.");
        using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Waits until the server has ended by itself.</summary>
    public async Task WaitForExitAsync()
    {
        var process = _process ?? throw new InvalidOperationException("The server is not running.");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(40));
        await process.WaitForExitAsync(deadline.Token);
        process.Dispose();
        _process = null;
    }

    /// <summary>Signs in and returns the value of the Cookie header.</summary>
    public async Task<string> SignInAsync(string name)
    {
        using var form = new FormUrlEncodedContent([new("name", name)]);
        using var response = await Http.PostAsync(new Uri(Address, "/login"), form);
        var cookies = response.Headers.TryGetValues("Set-Cookie", out var set) ? set.Select(line => line.Split(';')[0]).ToList() : [];
        if ((int)response.StatusCode >= 400 || cookies.Count == 0)
            throw new InvalidOperationException($"POST /login as '{name}' gave {(int)response.StatusCode} and {cookies.Count} cookies.");
        return string.Join("; ", cookies);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await KillAsync();
        Directory.Delete(_folder, recursive: true);
        foreach (var trouble in new[] { "Unhandled exception", "fail: ", "crit: " })
        {
            if (!MayComplain && Output.Contains(trouble, StringComparison.Ordinal))
                throw new InvalidOperationException($"The server wrote '{trouble.Trim()}', which no input may cause:\n{Output}");
        }
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_output) _output.AppendLine(line);
    }

    private async Task UntilItAnswersAsync(Process process)
    {
        using var deadline = new CancellationTokenSource(StartDeadline);
        while (true)
        {
            if (process.HasExited) throw new InvalidOperationException($"The server ended with {process.ExitCode}:\n{Output}");
            try
            {
                using var response = await Http.GetAsync(Address, deadline.Token);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(25, deadline.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"The server did not answer in {StartDeadline.TotalSeconds} s:\n{Output}");
            }
        }
    }

    private static string Locate()
    {
        var given = Environment.GetEnvironmentVariable("REALTIMEKIT_QUICKSTART");
        var path = string.IsNullOrEmpty(given) ? Default() : Path.GetFullPath(given);
        return File.Exists(path)
            ? path
            : throw new FileNotFoundException($"There is no server at {path}: build samples/QuickStart or set REALTIMEKIT_QUICKSTART.", path);

        static string Default()
        {
            // …/tests/RealtimeKit.EndToEnd.Tests/bin/<configuration>/net10.0/
            var framework = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
            var configuration = framework.Parent!.Name;
            var root = framework;
            while (root is not null && !File.Exists(Path.Combine(root.FullName, "RealtimeKit.sln"))) root = root.Parent;
            return Path.Combine(root?.FullName ?? ".", "samples", "QuickStart", "bin", configuration, framework.Name, "QuickStart.dll");
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
