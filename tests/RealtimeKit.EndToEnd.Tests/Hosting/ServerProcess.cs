using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RealtimeKit.EndToEnd.Hosting;

/// <summary>A sample's server as a process of its own, on a loopback port that it keeps over restarts.</summary>
public abstract class ServerProcess(Uri address) : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(40);

    private readonly StringBuilder _output = new();
    private Process? _process;

    protected static HttpClient Http { get; } = new(new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false });

    /// <summary>The address the server listens on; the same after a restart.</summary>
    public Uri Address { get; } = address;

    /// <summary>The WebSocket endpoint.</summary>
    public Uri Endpoint => new($"ws://127.0.0.1:{Address.Port}/realtime");

    /// <summary>Whether the server may write errors of its own to its log: true where a test takes its store away.</summary>
    public bool MayComplain { get; set; }

    /// <summary>All that the server has written so far.</summary>
    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    private Process Running => _process ?? throw new InvalidOperationException("The server is not running.");

    /// <summary>Starts the server, on the same port and data each time, and returns when it answers.</summary>
    public async Task StartAsync()
    {
        var start = Describe();
        start.RedirectStandardOutput = start.RedirectStandardError = true;
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
        Running.Kill();
        await WaitForExitAsync();
    }

    /// <summary>Asks the server to stop (SIGTERM), without waiting for it.</summary>
    public void RequestStop()
    {
        using var kill = Process.Start("kill", ["-TERM", Running.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Waits until the server has ended by itself.</summary>
    public async Task WaitForExitAsync()
    {
        using var deadline = new CancellationTokenSource(StopDeadline);
        await Running.WaitForExitAsync(deadline.Token);
        Running.Dispose();
        _process = null;
    }

    /// <summary>Signs in and returns the value of the Cookie header.</summary>
    public virtual Task<string> SignInAsync(string name) => SignInAsync(Address, name);

    /// <summary>Signs in at an address and returns the value of the Cookie header.</summary>
    public static async Task<string> SignInAsync(Uri address, string name)
    {
        using var form = new FormUrlEncodedContent([new("name", name)]);
        using var response = await Http.PostAsync(new Uri(address, "/login"), form);
        var cookies = response.Headers.TryGetValues("Set-Cookie", out var set) ? set.Select(line => line.Split(';')[0]).ToList() : [];
        if ((int)response.StatusCode >= 400 || cookies.Count == 0)
            throw new InvalidOperationException($"POST /login as '{name}' gave {(int)response.StatusCode} and {cookies.Count} cookies.");
        return string.Join("; ", cookies);
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (_process is not null) await KillAsync();
        GC.SuppressFinalize(this);
        foreach (var trouble in new[] { "Unhandled exception", "fail: ", "crit: " })
        {
            if (!MayComplain && Output.Contains(trouble, StringComparison.Ordinal))
                throw new InvalidOperationException($"The server wrote '{trouble.Trim()}', which no input may cause:\n{Output}");
        }
    }

    /// <summary>What to start.</summary>
    protected abstract ProcessStartInfo Describe();

    protected static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
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
}
