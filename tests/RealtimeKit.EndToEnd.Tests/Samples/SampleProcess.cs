using System.Diagnostics;
using RealtimeKit.EndToEnd.Hosting;
using Xunit;

namespace RealtimeKit.EndToEnd.Samples;

/// <summary>A sample's server on a free loopback port, with what it keeps in a temporary folder.</summary>
public abstract class SampleProcess(string sample) : ServerProcess(new Uri($"http://127.0.0.1:{FreePort()}")), IAsyncLifetime
{
    protected string Folder { get; } = Directory.CreateTempSubdirectory("realtimekit-sample-").FullName;

    public virtual async ValueTask InitializeAsync() => await StartAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected override ProcessStartInfo Describe()
    {
        var start = SampleProgram.Start(SampleProgram.Locate(sample, $"REALTIMEKIT_{sample.ToUpperInvariant()}"), "--urls", Address.ToString().TrimEnd('/'));
        // The keys that sign the cookies live under HOME.
        start.Environment["HOME"] = Folder;
        foreach (var (name, value) in Settings) start.Environment[name] = value;
        return start;
    }

    /// <summary>What differs from the sample's own settings.</summary>
    protected abstract IEnumerable<(string Name, string Value)> Settings { get; }
}
