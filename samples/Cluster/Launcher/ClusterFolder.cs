using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;

namespace RealtimeKit.Samples;

/// <summary>
/// The temporary folder of a cluster, with what runs out of it. A small script waits beside this program and stops all of it
/// when the program ends, also when it is killed.
/// </summary>
internal sealed class ClusterFolder : IAsyncDisposable
{
    private readonly string _servers;
    private readonly List<Process> _children = [];
    private readonly Process _guard;

    private ClusterFolder(string location, string servers)
    {
        (Location, _servers) = (location, servers);
        var stop = Path.Combine(AppContext.BaseDirectory, "stop.sh");
        // It reads to the end of this program. Ctrl-C reaches everything in the terminal's group; the guard has its own.
        _guard = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", "cat >/dev/null; exec bash \"$@\"", "guard", stop, location, servers])
        {
            RedirectStandardInput = true,
        })!;
    }

    public string Location { get; }

    [SupportedOSPlatform("linux")]
    public static ClusterFolder Create()
    {
        var servers = Path.Combine(Repository(AppContext.BaseDirectory), "tests", "servers.sh");
        var location = Directory.CreateTempSubdirectory("realtimekit-cluster-").FullName;
        // PostgreSQL and nginx's workers run as users of their own.
        File.SetUnixFileMode(location, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        return new ClusterFolder(location, servers);
    }

    /// <summary>Runs tests/servers.sh, which knows how to start private servers, and returns what it printed.</summary>
    public async Task<string> ServersAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("setsid", [_servers, .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode == 0) return (await output).Trim();
        throw new CommandFailedException($"servers.sh {string.Join(' ', arguments)} ended with {process.ExitCode}: {(await errors).Trim()}");
    }

    public async Task<string[]> FreePortsAsync(int count) =>
        (await ServersAsync("port", count.ToString(CultureInfo.InvariantCulture))).Split('\n');

    /// <summary>Starts a process that leads a group of its own and writes to a log; its number is kept for the guard.</summary>
    public int Start(string name, params string[] command)
    {
        var child = Process.Start("setsid",
            ["sh", "-c", "echo $$ >\"$0.pid\"; exec \"$@\" >>\"$0.log\" 2>&1 </dev/null", Path.Combine(Location, name), .. command]);
        lock (_children)
        {
            // Kept, so that it is buried when it ends.
            _children.RemoveAll(static one => one.HasExited);
            _children.Add(child);
        }

        return child.Id;
    }

    /// <summary>Ends whatever is left of a process and its children.</summary>
    public void KillGroup(string name)
    {
        var file = Path.Combine(Location, $"{name}.pid");
        if (!File.Exists(file)) return;
        using var kill = Process.Start(new ProcessStartInfo("kill", ["-KILL", "--", $"-{File.ReadAllText(file).Trim()}"]) { RedirectStandardError = true })!;
        kill.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        Launcher.Say("Stopping …");
        _guard.StandardInput.Close();
        await _guard.WaitForExitAsync();
        _guard.Dispose();
        foreach (var child in _children) child.Dispose();
    }

    private static string Repository(string folder) =>
        File.Exists(Path.Combine(folder, "RealtimeKit.sln"))
            ? folder
            : Repository(Path.GetDirectoryName(folder)
                ?? throw new CommandFailedException("The cluster is started from a checkout of the repository: its tests/servers.sh is needed."));
}
