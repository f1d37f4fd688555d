using System.Globalization;

namespace RealtimeKit.Servers;

/// <summary>A server of S3 of one's own (moto): on loopback, with everything in memory. It looks at no signature.</summary>
public sealed class S3Server : IAsyncDisposable
{
    /// <summary>Names the server that tests use where they do not have to stop it.</summary>
    public const string Variable = "REALTIMEKIT_S3";

    private readonly string _folder = ServerScript.MakeFolder();
    private readonly int _port;

    private S3Server(int port) => _port = port;

    /// <summary>Its address.</summary>
    public Uri Address => new($"http://127.0.0.1:{_port}/");

    /// <summary>Starts a server and returns when it answers.</summary>
    public static async Task<S3Server> CreateAsync()
    {
        var server = new S3Server(await ServerScript.FreePortAsync());
        await server.StartAsync();
        return server;
    }

    /// <summary>Starts it, or starts it again, without anything that it had.</summary>
    public Task StartAsync() => ServerScript.RunAsync(["start", "s3", _folder, _port.ToString(CultureInfo.InvariantCulture)]);

    /// <summary>Stops it.</summary>
    public Task StopAsync() => ServerScript.RunAsync(["stop", "s3", _folder]);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
