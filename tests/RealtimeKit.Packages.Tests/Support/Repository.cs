namespace RealtimeKit.Packages.Tests;

/// <summary>The repository that these tests lie in, and copies of it.</summary>
internal static class Repository
{
    /// <summary>Where a copy says it comes from. Nobody looks there.</summary>
    public const string Address = "https://github.com/realtimekit/realtimekit";

    public static string Folder { get; } = Find(AppContext.BaseDirectory);

    public static string Apps { get; } = Path.Combine(Folder, "tests", "RealtimeKit.Packages.Tests", "Apps");

    /// <summary>The names of the packages under src/.</summary>
    public static IReadOnlyList<string> Packages { get; } =
    [
        .. Directory.GetDirectories(Path.Combine(Folder, "src")).Select(folder => Path.GetFileName(folder))
            .Where(name => File.Exists(Path.Combine(Folder, "src", name, $"{name}.csproj"))).Order(StringComparer.Ordinal),
    ];

    public static Task<string> GitAsync(string folder, params IEnumerable<string> arguments) => Command.RunAsync(folder, "git", arguments);

    /// <summary>Copies the repository with its history and with what is not committed yet.</summary>
    public static async Task CopyAsync(string folder, params IEnumerable<string> cloneOptions)
    {
        await GitAsync("/", ["clone", "--quiet", "--no-checkout", .. cloneOptions, $"file://{Folder}", folder]);
        await GitAsync(folder, "remote", "set-url", "origin", Address);
        await Command.RunAsync(Folder, "bash", "-c",
            "git ls-files --cached --others --exclude-standard -z | tar --null --files-from=- --ignore-failed-read -cf - | tar -xf - -C \"$0\"", folder);
        await GitAsync(folder, "reset", "--quiet");
    }

    private static string Find(string folder) =>
        File.Exists(Path.Combine(folder, "RealtimeKit.sln")) ? folder : Find(Path.GetDirectoryName(folder)!);
}
