using System.Diagnostics;
using System.Globalization;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.Servers;

namespace RealtimeKit.EndToEnd.Cluster;

/// <summary>nginx before some nodes, with the sample's own configuration.</summary>
internal sealed class Balancer : IAsyncDisposable
{
    private const string Program = "/usr/sbin/nginx";
    private static readonly HttpClient Http = new();
    private readonly string _folder = ServerScript.MakeFolder();
    private readonly Process _process;

    private Balancer(int port, IEnumerable<NodeProcess> nodes)
    {
        if (!File.Exists(Program)) throw new FileNotFoundException($"There is no nginx at {Program}: ./tests/run.sh installs it.", Program);
        Address = new Uri($"http://127.0.0.1:{port}");
        var servers = nodes.Select(node => $"    server 127.0.0.1:{node.Address.Port.ToString(CultureInfo.InvariantCulture)} max_fails=0;");
        var configuration = Path.Combine(_folder, "nginx.conf");
        File.WriteAllText(configuration, File.ReadAllText(Path.Combine(SampleProgram.Repository, "samples", "Cluster", "nginx.conf"))
            .Replace("@folder@", _folder, StringComparison.Ordinal)
            .Replace("@listen@", Address.Authority, StringComparison.Ordinal)
            .Replace("@nodes@", string.Join('\n', servers), StringComparison.Ordinal));
        _process = Process.Start(Program, ["-p", _folder, "-e", "stderr", "-c", configuration]);
    }

    public Uri Address { get; }

    public Uri Endpoint => new($"ws://127.0.0.1:{Address.Port}/realtime");

    /// <summary>What nginx complained of.</summary>
    public string Errors => File.ReadAllText(Path.Combine(_folder, "nginx.errors"));

    public static async Task<Balancer> StartAsync(IEnumerable<NodeProcess> nodes)
    {
        var balancer = new Balancer(await ServerScript.FreePortAsync(), nodes);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            try
            {
                using var response = await Http.GetAsync(balancer.Address, deadline.Token);
                return balancer;
            }
            catch (HttpRequestException)
            {
                if (balancer._process.HasExited) throw new InvalidOperationException($"nginx ended with {balancer._process.ExitCode}.");
                await Task.Delay(20, deadline.Token);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Its master ends the workers.
        await ServerScript.SignalAsync(_process.Id, "TERM");
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
