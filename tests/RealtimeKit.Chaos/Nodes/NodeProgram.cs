namespace RealtimeKit.Chaos.Nodes;

/// <summary>Which program a node runs, and with which arguments: the sample of a cluster, or this program's own host.</summary>
internal sealed record NodeProgram(string Assembly, IReadOnlyList<string> Arguments)
{
    private static readonly string Framework = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)).Name;
    private static readonly string Configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    /// <summary>The sample, as anybody runs it.</summary>
    public static NodeProgram Sample() => new(Path.Combine(Root(AppContext.BaseDirectory), "samples", "Cluster", "bin", Configuration, Framework, "Cluster.dll"), []);

    /// <summary>This program's own host, in which faults can be planted.</summary>
    public static NodeProgram Own(string? plant, bool isBrokerPostgreSql = false) => new(
        Path.Combine(AppContext.BaseDirectory, "RealtimeKit.Chaos.dll"),
        ["node", .. plant is null ? (string[])[] : ["--plant", plant], .. isBrokerPostgreSql ? (string[])["--broker", "postgresql"] : []]);

    /// <summary>The folder of the repository.</summary>
    public static string Repository => Root(AppContext.BaseDirectory);

    private static string Root(string folder) =>
        File.Exists(Path.Combine(folder, "RealtimeKit.sln")) ? folder : Root(Path.GetDirectoryName(folder)!);
}
