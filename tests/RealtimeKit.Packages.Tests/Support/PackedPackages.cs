using Xunit;

[assembly: AssemblyFixture(typeof(RealtimeKit.Packages.Tests.PackedPackages))]

namespace RealtimeKit.Packages.Tests;

/// <summary>All packages, made once as a release makes them, from a copy of the repository with a tag.</summary>
public sealed class PackedPackages : IAsyncLifetime
{
    public const string Version = "0.9.0-rc.1";

    /// <summary>The temporary folder of everything that these tests make.</summary>
    public string Root { get; } = Directory.CreateTempSubdirectory("realtimekit-packages-").FullName;

    /// <summary>Where the packages lie.</summary>
    public string Folder => Path.Combine(Root, "feed");

    /// <summary>The commit that they were made from.</summary>
    public string Commit { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        try
        {
            await PackAsync(Path.Combine(Root, "source"), Folder);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }

        Commit = (await Repository.GitAsync(Repository.Folder, "rev-parse", "HEAD")).Trim();
        WriteSettings();
    }

    /// <summary>Copies the repository to a folder and packs it from there.</summary>
    public static async Task PackAsync(string source, string packages, string branch = "release")
    {
        await Repository.CopyAsync(source);
        await Repository.GitAsync(source, "switch", "--quiet", "--force-create", branch);
        await Repository.GitAsync(source, "tag", $"v{Version}");
        await Command.RunAsync(source, Path.Combine(source, ".ci/pack"), packages, Version);
    }

    /// <summary>A new folder with a copy of some of the applications, which takes RealtimeKit from the packages alone.</summary>
    public string CopyApps(string name, params IEnumerable<string> apps)
    {
        var folder = Path.Combine(Root, name);
        foreach (var file in apps.SelectMany(app => Directory.GetFiles(Path.Combine(Repository.Apps, app), "*", SearchOption.AllDirectories)))
        {
            var relative = Path.GetRelativePath(Repository.Apps, file);
            // Built in place by an editor, perhaps.
            if (relative.Split('/').Any(part => part is "bin" or "obj" or "node_modules" or "dist")) continue;
            Directory.CreateDirectory(Path.Combine(folder, Path.GetDirectoryName(relative)!));
            File.Copy(file, Path.Combine(folder, relative));
        }

        return folder;
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Root, recursive: true);
        return ValueTask.CompletedTask;
    }

    // A package folder of their own, so that no older build of the same version is taken; everybody else's packages are
    // taken from where this machine has them, or from its own sources.
    private void WriteSettings()
    {
        var machine = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } given
            ? given
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        Directory.CreateDirectory(machine);
        File.WriteAllText(Path.Combine(Root, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="packages" /></config>
              <fallbackPackageFolders><add key="machine" value="{machine}" /></fallbackPackageFolders>
              <packageSources><add key="packed" value="{Folder}" /></packageSources>
            </configuration>
            """);
        File.WriteAllText(Path.Combine(Root, "Directory.Build.props"), $"""
            <Project>
              <PropertyGroup>
                <RealtimeKitVersion>{Version}</RealtimeKitVersion>
                <!-- A registry that cannot be audited offline is not the packages' fault. -->
                <NuGetAudit>false</NuGetAudit>
              </PropertyGroup>
            </Project>
            """);
    }
}
