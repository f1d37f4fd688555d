using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace RealtimeKit.Samples;

/// <summary>
/// A whole cluster on this machine: PostgreSQL, RabbitMQ, three nodes and a load balancer, each started again when it ends,
/// until this program is told to stop.
/// </summary>
internal sealed class Launcher(ClusterFolder folder, string? urls)
{
    private const int DefaultPort = 8080;
    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(3);

    public static async Task<int> RunAsync(string? urls)
    {
        if (!OperatingSystem.IsLinux())
        {
            Console.Error.WriteLine("The launcher runs Debian's servers; a node alone runs anywhere, given --ConnectionStrings:Chat and --ConnectionStrings:RabbitMq.");
            return 1;
        }

        using var stopping = new CancellationTokenSource();
        void Stop(PosixSignalContext context)
        {
            // Not the default, which ends the program at once: there is something to put away.
            context.Cancel = true;
            stopping.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        try
        {
            await using var folder = ClusterFolder.Create();
            await new Launcher(folder, urls).RunAsync(stopping);
            return 0;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return 0;
        }
        catch (CommandFailedException exception)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
    }

    public static void Say(string text) => Console.WriteLine($"{TimeProvider.System.GetLocalNow():HH:mm:ss} {text}");

    private async Task RunAsync(CancellationTokenSource stopping)
    {
        var stop = stopping.Token;
        Say("Looking for PostgreSQL, RabbitMQ and nginx, and installing through apt what is missing …");
        await folder.ServersAsync("install");
        var ports = await folder.FreePortsAsync(6);
        var parts = new ClusterParts(folder, ListenAddress(ports[^1]), ports);
        Say("Starting PostgreSQL and RabbitMQ …");
        await Task.WhenAll(parts.Servers.Select(part => part.StartAsync(stop)));
        Say("Starting three nodes and nginx …");
        await Task.WhenAll(parts.Nodes.Select(part => part.StartAsync(stop)));
        await parts.Balancer.StartAsync(stop);
        Show(parts);
        await Task.WhenAll([.. parts.All.Select(part => part.KeepAsync(RestartDelay, stopping.Token)), EndWithStarterAsync(stopping)]);
    }

    // Whoever kills `dotnet run` means this program.
    private static async Task EndWithStarterAsync(CancellationTokenSource stopping)
    {
        if (ProcessTable.DotnetRun() is not { } starter) return;
        while (ProcessTable.IsAlive(starter)) await Task.Delay(TimeSpan.FromSeconds(1), stopping.Token);
        await stopping.CancelAsync();
    }

    // As was asked for, else where people look first, else where nobody listens.
    private Uri ListenAddress(string freePort)
    {
        if (!string.IsNullOrEmpty(urls)) return new Uri(urls.Split(';')[0].Replace("//localhost", "//127.0.0.1", StringComparison.OrdinalIgnoreCase));
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, DefaultPort);
            listener.Start();
            return new Uri($"http://127.0.0.1:{DefaultPort}");
        }
        catch (SocketException)
        {
            return new Uri($"http://127.0.0.1:{freePort}");
        }
    }

    private void Show(ClusterParts parts)
    {
        Console.WriteLine();
        Console.WriteLine($"  Open {parts.Balancer.Address} in two windows, under two names. Then kill whatever you like:");
        Console.WriteLine();
        foreach (var part in parts.All) Console.WriteLine($"    kill -9 {part.Process,-8} # {part.Name,-11} {part.Address}");
        Console.WriteLine();
        Console.WriteLine($"  What ends is started again after {RestartDelay.TotalSeconds:0} s. Logs: {folder.Location}/*.log");
        Console.WriteLine($"  Stop everything: Ctrl-C, or kill {Environment.ProcessId}");
        Console.WriteLine();
    }
}
