using Xunit;

namespace RealtimeKit.Packages.Tests;

/// <summary>The applications of Apps/, built as anybody builds theirs.</summary>
public sealed class BuiltApps(PackedPackages packages) : IAsyncLifetime
{
    private string _folder = "";

    /// <summary>What the build printed.</summary>
    public string Output { get; private set; } = "";

    public string[] Server => Program("Server");

    public string[] Console => Program("Console");

    public async ValueTask InitializeAsync()
    {
        _folder = packages.CopyApps("built", "Server", "Console", "Adapters");
        File.Copy(Path.Combine(Repository.Apps, "Apps.slnx"), Path.Combine(_folder, "Apps.slnx"));
        Output = await Command.RunAsync(_folder, "dotnet", "build", "Apps.slnx");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private string[] Program(string app) => ["dotnet", Path.Combine(_folder, app, "bin", "Debug", "net10.0", $"{app}.dll")];
}

/// <summary>What uses the built applications.</summary>
[CollectionDefinition(nameof(BuiltAppsCollection))]
public sealed class BuiltAppsCollection : ICollectionFixture<BuiltApps>;
