namespace RealtimeKit.Docs;

/// <summary>The repository's files, by their paths from its root.</summary>
internal static class Repository
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    /// <summary>The pages that are held to the code: those at the root, docs/ and the packages' READMEs.</summary>
    public static IReadOnlyList<string> Pages { get; } =
    [
        .. Directory.GetFiles(Root, "*.md")
            .Concat(Directory.GetFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories))
            .Concat(Directory.GetDirectories(Path.Combine(Root, "src")).SelectMany(folder => Directory.GetFiles(folder, "README.md")))
            .Select(file => Path.GetRelativePath(Root, file))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The READMEs of the samples.</summary>
    public static IReadOnlyList<string> Samples { get; } =
    [
        .. Directory.GetDirectories(Path.Combine(Root, "samples")).SelectMany(folder => Directory.GetFiles(folder, "README.md"))
            .Select(file => Path.GetRelativePath(Root, file)).Order(StringComparer.Ordinal),
    ];

    public static string Full(string path) => Path.Combine(Root, path);

    public static bool Exists(string path) => File.Exists(Full(path)) || Directory.Exists(Full(path));

    public static string Read(string path) => File.ReadAllText(Full(path));

    /// <summary>The C# files of the packages.</summary>
    public static IEnumerable<string> Sources() =>
        Directory.EnumerateFiles(Full("src"), "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, file))
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    private static string Find(string folder) =>
        File.Exists(Path.Combine(folder, "RealtimeKit.sln")) ? folder : Find(Path.GetDirectoryName(folder)!);
}
