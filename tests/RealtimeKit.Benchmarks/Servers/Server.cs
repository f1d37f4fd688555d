using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace RealtimeKit.Benchmarks.Servers;

/// <summary>
/// The process under test: one of the servers on Kestrel with its defaults, beside it two addresses that tell its memory.
/// It ends with its standard input, that is with the process that started it.
/// </summary>
internal static class Server
{
    /// <summary>What stands in front of the port on standard output once the server listens.</summary>
    public const string Ready = "ready ";

    private static readonly Dictionary<string, Func<IServerKind>> Kinds = new()
    {
        ["signalr"] = () => new SignalRServer(),
        ["realtimekit"] = RealtimeKitServer.InMemory,
        ["realtimekit-sqlite"] = RealtimeKitServer.Sqlite,
        ["realtimekit-postgresql"] = RealtimeKitServer.PostgreSql,
        ["realtimekit-cluster"] = RealtimeKitServer.Cluster,
        ["pipe"] = () => new PipeServer(),
    };

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddConsole(x => x.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Error);
        builder.WebHost.ConfigureKestrel(x => x.Listen(IPAddress.Loopback, arguments.Number("port", 0)));
        // Thousands of clients come at once; the default of 512 would make the kernel turn some away for a second.
        builder.WebHost.UseSockets(x => x.Backlog = 4096);
        var kind = Kinds[arguments.Word(0) ?? ""]();
        kind.Configure(builder, arguments);
        await using var app = builder.Build();
        kind.Map(app);
        app.MapGet("/memory", MemoryReport.Now);
        app.MapGet("/settle", MemoryReport.Settled);
        await app.StartAsync();
        await kind.PrepareAsync(app, arguments);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        await Console.Out.WriteLineAsync(Ready + new Uri(address).Port);
        await Console.In.ReadToEndAsync();
        return 0;
    }
}
