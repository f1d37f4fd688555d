using System.Diagnostics;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.Servers;

namespace RealtimeKit.Packages.Tests;

/// <summary>The server of Apps/, however it was built, with a database in a folder of its own.</summary>
public sealed class AppServer : ServerProcess
{
    private readonly string _folder = Directory.CreateTempSubdirectory("realtimekit-app-").FullName;
    private readonly string[] _program;
    private readonly string? _pages;

    private AppServer(int port, string[] program, string? pages)
        : base(new Uri($"http://127.0.0.1:{port}")) => (_program, _pages) = (program, pages);

    /// <summary>Starts it and returns when it answers.</summary>
    /// <param name="program">The program and its first arguments.</param>
    /// <param name="pages">The folder with the pages that it serves.</param>
    public static async Task<AppServer> CreateAsync(string[] program, string? pages = null)
    {
        var server = new AppServer(await ServerScript.FreePortAsync(), program, pages);
        await server.StartAsync();
        return server;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    protected override ProcessStartInfo Describe()
    {
        var start = Command.Describe(_folder, _program[0], [.. _program[1..], "--urls", Address.ToString().TrimEnd('/')]);
        start.Environment["ConnectionStrings__Chat"] = $"Data Source={Path.Combine(_folder, "chat.db")}";
        if (_pages is not null) start.Environment["ASPNETCORE_WEBROOT"] = _pages;
        return start;
    }
}
