using Xunit;

namespace RealtimeKit.Packages.Tests;

/// <summary>The same projects, published as native programs.</summary>
public sealed class NativeAotTests(PackedPackages packages)
{
    [Fact]
    public async Task A_native_server_on_SQLite_and_native_console_clients_chat_and_nothing_warned()
    {
        var folder = packages.CopyApps("native", "Server", "Console");
        var server = await PublishAsync(folder, "Server");
        var console = await PublishAsync(folder, "Console");
        await Conversation.HoldAsync([server], [console]);
    }

    private static async Task<string> PublishAsync(string folder, string app)
    {
        var project = Path.Combine(folder, app);
        // Each warning by itself, rather than one for all of an assembly.
        var output = await Command.RunAsync(project, "dotnet", "publish", "-p:PublishAot=true", "-p:TrimmerSingleWarn=false", "-o", "out");
        output.Should().Contain("Generating native code").And.NotContainEquivalentOf("warning");
        Directory.GetFiles(Path.Combine(project, "out"), "*.dll").Should().BeEmpty("a native program has no assembly beside it");
        return Path.Combine(project, "out", app);
    }
}
