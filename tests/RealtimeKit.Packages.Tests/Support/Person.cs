using System.Diagnostics;

namespace RealtimeKit.Packages.Tests;

/// <summary>Somebody at the console client of Apps/, however it was built.</summary>
internal sealed class Person : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Process _process;

    private Person(Process process) => _process = process;

    public static Person Join(string[] program, Uri endpoint, string name) =>
        new(Process.Start(Command.Describe("/", program[0], [.. program[1..], endpoint.ToString(), name]))!);

    public async Task SaysAsync(string text)
    {
        await _process.StandardInput.WriteLineAsync(text);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>The next line that they read is this one.</summary>
    public async Task ReadsAsync(string expected)
    {
        using var patience = new CancellationTokenSource(Patience);
        var line = await _process.StandardOutput.ReadLineAsync(patience.Token);
        line.Should().Be(expected, "{0}", line is null ? await _process.StandardError.ReadToEndAsync(patience.Token) : "that is what comes next");
    }

    /// <summary>They leave: the client ends by itself, and has nothing more to tell.</summary>
    public async Task LeavesAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(Patience);
        (await _process.StandardOutput.ReadToEndAsync(patience.Token)).Should().BeEmpty();
        await _process.WaitForExitAsync(patience.Token);
        _process.ExitCode.Should().Be(0);
    }

    public ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
        return ValueTask.CompletedTask;
    }
}
