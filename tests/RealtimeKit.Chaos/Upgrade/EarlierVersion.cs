using System.ComponentModel;
using System.Diagnostics;
using RealtimeKit.Chaos.Nodes;

namespace RealtimeKit.Chaos.Upgrade;

/// <summary>Builds the sample of a cluster as an earlier commit had it, from the repository's history, into a temporary folder.</summary>
internal static class EarlierVersion
{
    /// <summary>The last commit whose schemas have version 1.</summary>
    public const string OfSchema1 = "2a878df2cee8b2e2fb292038b110f6c17d4ec967";

    /// <summary>Builds it, unless that was done before.</summary>
    /// <exception cref="InvalidOperationException">The commit is not there, or does not build.</exception>
    public static async Task<NodeProgram> BuildAsync(string commit)
    {
        var full = (await RunAsync("git", NodeProgram.Repository, "rev-parse", "--verify", $"{commit}^{{commit}}")).Trim();
        var folder = Path.Combine(Path.GetTempPath(), $"realtimekit-at-{full[..12]}");
        var program = new NodeProgram(Path.Combine(folder, "samples", "Cluster", "bin", "Release", "net10.0", "Cluster.dll"), []);
        if (File.Exists(program.Assembly)) return program;
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        // A clone of its own, so that no work tree is left behind in the repository.
        await RunAsync("git", NodeProgram.Repository, "clone", "--quiet", "--no-checkout", "--shared", ".", folder);
        await RunAsync("git", folder, "checkout", "--quiet", "--detach", full);
        await RunAsync("dotnet", folder, "build", Path.Combine("samples", "Cluster"), "-c", "Release", "-v", "quiet", "--nologo");
        return program;
    }

    private static async Task<string> RunAsync(string program, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start)!;
            var said = process.StandardOutput.ReadToEndAsync();
            var complained = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? await said
                : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} in {folder} ended with {process.ExitCode}: {complained}{await said}");
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"{program} cannot be run: {e.Message}", e);
        }
    }
}
