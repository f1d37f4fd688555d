using System.Diagnostics;
using Xunit;

namespace RealtimeKit.EndToEnd.Hosting;

/// <summary>The QuickStart on a free loopback port, with a database in a temporary folder.</summary>
public sealed class QuickStartProcess() : ServerProcess(new Uri($"http://127.0.0.1:{FreePort()}")), IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("realtimekit-e2e-").FullName;

    /// <summary>The file that the server keeps its channels in.</summary>
    public string Database => Path.Combine(_folder, "chat.db");

    /// <summary>The folder that the server keeps files in.</summary>
    public string Files => Path.Combine(_folder, "files");

    /// <summary>What it finds in its environment beside its own.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    public async ValueTask InitializeAsync() => await StartAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    protected override ProcessStartInfo Describe()
    {
        var start = SampleProgram.Start(SampleProgram.Locate("QuickStart", "REALTIMEKIT_QUICKSTART"), "--urls", Address.ToString().TrimEnd('/'));
        start.Environment["ConnectionStrings__Chat"] = $"Data Source={Database}";
        start.Environment["Files"] = Files;
        start.Environment["People"] = Path.Combine(_folder, "people.json");
        // The keys that sign the cookies live under HOME: they outlive a restart and go with the folder.
        start.Environment["HOME"] = _folder;
        foreach (var (variable, value) in Environment ?? new Dictionary<string, string>()) start.Environment[variable] = value;
        return start;
    }
}
