using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace RealtimeKit.Docs.Snippets;

/// <summary>A page's program as a process of its own, on the packages of these tests.</summary>
internal sealed partial class SnippetProgram : IDisposable
{
    private readonly string _file = Path.Combine(AppContext.BaseDirectory, $"snippet-{Guid.NewGuid():N}.dll");
    private readonly string _folder;
    private readonly ITestOutputHelper _output;
    private Process? _process;

    public SnippetProgram(string code, string folder, ITestOutputHelper output)
    {
        (_folder, _output) = (folder, output);
        SnippetCompiler.Write(code, _file);
    }

    /// <summary>Starts it on a free port, and returns its address when it listens.</summary>
    public async Task<Uri> StartAsync(CancellationToken cancellationToken)
    {
        var tests = Path.Combine(AppContext.BaseDirectory, "RealtimeKit.Docs.Tests");
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            ["exec", "--runtimeconfig", $"{tests}.runtimeconfig.json", "--depsfile", $"{tests}.deps.json", _file, "--urls", "http://127.0.0.1:0"])
        {
            WorkingDirectory = _folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // The keys that sign the cookies live under HOME.
        start.Environment["HOME"] = _folder;
        var listening = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        _process = Process.Start(start)!;
        _process.EnableRaisingEvents = true;
        _process.Exited += (_, _) => listening.TrySetException(new InvalidOperationException("The program ended before it listened."));
        _process.ErrorDataReceived += (_, line) => _output.WriteLine(line.Data ?? "");
        _process.OutputDataReceived += (_, line) =>
        {
            _output.WriteLine(line.Data ?? "");
            if (Listening().Match(line.Data ?? "") is { Success: true } match) listening.TrySetResult(new Uri(match.Groups[1].Value));
        };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        return await listening.Task.WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);
    }

    /// <summary>What a power cut does.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        _process?.Kill();
        _process?.Dispose();
        File.Delete(_file);
    }

    [GeneratedRegex("Now listening on: (http://\\S+)")]
    private static partial Regex Listening();
}
