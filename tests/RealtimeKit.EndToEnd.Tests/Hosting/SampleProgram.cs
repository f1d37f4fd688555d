using System.Diagnostics;

namespace RealtimeKit.EndToEnd.Hosting;

/// <summary>Where the samples' programs lie, and how they are started.</summary>
internal static class SampleProgram
{
    /// <summary>The folder of the repository.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The program of a sample as it was built with these tests, or the one that a variable names.</summary>
    public static string Locate(string sample, string variable)
    {
        // …/tests/RealtimeKit.EndToEnd.Tests/bin/<configuration>/net10.0/
        var framework = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var given = Environment.GetEnvironmentVariable(variable);
        var path = string.IsNullOrEmpty(given)
            ? Path.Combine(Repository, "samples", sample, "bin", framework.Parent!.Name, framework.Name, $"{sample}.dll")
            : Path.GetFullPath(given);
        return File.Exists(path)
            ? path
            : throw new FileNotFoundException($"There is no server at {path}: build samples/{sample} or set {variable}.", path);
    }

    public static ProcessStartInfo Start(string program, params IEnumerable<string> arguments) =>
        new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [program, .. arguments]) { WorkingDirectory = Path.GetDirectoryName(program)! };

    private static string FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "RealtimeKit.sln"))) folder = folder.Parent;
        return folder?.FullName ?? ".";
    }
}
