using System.Diagnostics;
using System.Globalization;

namespace RealtimeKit.Servers;

/// <summary>Runs <c>tests/servers.sh</c>, which knows how to start and stop private servers.</summary>
public static class ServerScript
{
    private static readonly string Script = Path.Combine(Root(AppContext.BaseDirectory), "tests", "servers.sh");

    /// <summary>Runs one action and returns what it printed.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message has what it wrote.</exception>
    public static async Task<string> RunAsync(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(Script, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode == 0) return (await output).Trim();
        throw new InvalidOperationException($"servers.sh {string.Join(' ', start.ArgumentList)} ended with {process.ExitCode}: {await errors}{await output}");
    }

    /// <summary>A port that nothing listens on.</summary>
    public static async Task<int> FreePortAsync() =>
        int.Parse(await RunAsync(["port"]), CultureInfo.InvariantCulture);

    /// <summary>A folder for a server, which the user that the server runs as can read.</summary>
    public static string MakeFolder()
    {
        var folder = Directory.CreateTempSubdirectory("realtimekit-server-").FullName;
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherRead | UnixFileMode.OtherExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
        return folder;
    }

    /// <summary>Sends a signal (<c>KILL</c>, <c>STOP</c>, <c>CONT</c>, <c>TERM</c>) to a process.</summary>
    public static async Task SignalAsync(int process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>The processes that a process has started.</summary>
    public static async Task<IReadOnlyList<int>> ChildrenAsync(int process)
    {
        using var list = Process.Start(new ProcessStartInfo("pgrep", ["-P", process.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true })!;
        var output = await list.StandardOutput.ReadToEndAsync();
        await list.WaitForExitAsync();
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
    }

    /// <summary>Kills a process and returns when it has ended: until then its server would pass for running.</summary>
    public static async Task KillAsync(int process)
    {
        await SignalAsync(process, "KILL");
        while (IsAlive(process)) await Task.Delay(10);
    }

    // One that nobody has looked at yet stays as a zombie, after the last of its threads.
    private static bool IsAlive(int process)
    {
        try
        {
            return Directory.GetDirectories($"/proc/{process}/task").Length > 1
                || !File.ReadLines($"/proc/{process}/status").Any(line => line.StartsWith("State:\tZ", StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string Root(string folder) =>
        File.Exists(Path.Combine(folder, "RealtimeKit.sln")) ? folder : Root(Path.GetDirectoryName(folder)!);
}
