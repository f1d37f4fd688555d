using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.Servers;

namespace RealtimeKit.EndToEnd.Cluster;

/// <summary>The sample as people start it: one command, of which the rest follows. What it prints is all that is known of it.</summary>
internal sealed partial class LauncherProcess : IAsyncDisposable
{
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private TaskCompletionSource _said = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private LauncherProcess(int port)
    {
        Address = new Uri($"http://127.0.0.1:{port}");
        var start = SampleProgram.Start(SampleProgram.Locate("Cluster", "REALTIMEKIT_CLUSTER"), "--urls", Address.ToString().TrimEnd('/'));
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public Uri Address { get; }

    public string Output => string.Join('\n', Lines);

    private IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate) return [.. _lines];
        }
    }

    /// <summary>Starts it and returns when it says where to open it.</summary>
    public static async Task<LauncherProcess> StartAsync()
    {
        var launcher = new LauncherProcess(await ServerScript.FreePortAsync());
        await launcher.SaysAsync("Stop everything", 0, TimeSpan.FromMinutes(3));
        return launcher;
    }

    /// <summary>The names of the parts, in the order in which it prints them.</summary>
    public IReadOnlyList<string> Parts => [.. Lines.Select(line => PartLine().Match(line)).Where(match => match.Success).Select(match => match.Groups["name"].Value)];

    /// <summary>Where its things lie.</summary>
    public string Folder => FolderPath().Match(Output).Value;

    /// <summary>Kills a part, by the process that was printed last for it, and returns when the launcher says that it is back.</summary>
    public async Task KillAsync(string part)
    {
        var lines = Lines;
        var process = lines.Select(line => PartLine().Match(line) is { Success: true } first ? first : BackLine().Match(line))
            .Last(match => match.Success && match.Groups["name"].Value == part).Groups["process"].Value;
        await ServerScript.SignalAsync(int.Parse(process, CultureInfo.InvariantCulture), "KILL");
        await SaysAsync($"{part} is back", lines.Count, TimeSpan.FromMinutes(1));
    }

    /// <summary>Stops it as a process manager does, and returns when it has put everything away.</summary>
    public async Task StopAsync()
    {
        await ServerScript.SignalAsync(_process.Id, "TERM");
        await _process.WaitForExitAsync().WaitAsync(StopDeadline);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await StopAsync();
        _process.Dispose();
    }

    private async Task SaysAsync(string words, int after, TimeSpan within)
    {
        using var deadline = new CancellationTokenSource(within);
        while (true)
        {
            Task said;
            lock (_gate)
            {
                if (_lines.Skip(after).Any(line => line.Contains(words, StringComparison.Ordinal))) return;
                said = _said.Task;
            }

            if (_process.HasExited) throw new InvalidOperationException($"The launcher ended with {_process.ExitCode}:\n{Output}");
            try
            {
                await said.WaitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"The launcher did not say '{words}' within {within}:\n{Output}");
            }
        }
    }

    private void Keep(string? line)
    {
        TaskCompletionSource said;
        lock (_gate)
        {
            if (line is not null) _lines.Add(line);
            said = _said;
            _said = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        said.TrySetResult();
    }

    [GeneratedRegex(@"kill -9 (?<process>\d+) +# (?<name>\w+)")]
    private static partial Regex PartLine();

    [GeneratedRegex(@"(?<name>\w+) is back: process (?<process>\d+)")]
    private static partial Regex BackLine();

    [GeneratedRegex("/[^ ]*realtimekit-cluster-[^/]+")]
    private static partial Regex FolderPath();
}
