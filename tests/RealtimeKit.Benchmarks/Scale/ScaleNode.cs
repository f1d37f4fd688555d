using RealtimeKit.InMemory;
using RealtimeKit.Transports;

namespace RealtimeKit.Benchmarks.Scale;

/// <summary>A node in this process.</summary>
internal sealed class ScaleNode : IAsyncDisposable
{
    private readonly IHost _host;

    private ScaleNode(IHost host) => (_host, Transport) = (host, new InProcessTransport(host.Services.GetRequiredService<IConnectionHandler>()));

    public InProcessTransport Transport { get; }

    public static async Task<ScaleNode> StartAsync(Action<RealtimeMessagingBuilder> useStore, Action<RealtimeOptions>? configure = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        useStore(builder.Services.AddRealtimeMessaging(options =>
        {
            (options.UsersMayCreateChannels, options.RateLimits) = (true, RateLimits.None);
            configure?.Invoke(options);
        }));
        var host = builder.Build();
        await host.StartAsync();
        return new ScaleNode(host);
    }

    public T Get<T>() where T : notnull => _host.Services.GetRequiredService<T>();

    /// <summary>Makes a request, and measures its milliseconds.</summary>
    public async Task<double> OnceAsync(ScaleClient client, ScaleRequest request, int round)
    {
        if (request.UserOf is null) return await AskAsync(client);
        await using var another = await ScaleClient.ConnectAsync(Transport, request.UserIn(round));
        return await AskAsync(another);

        async Task<double> AskAsync(ScaleClient asking)
        {
            if (request.Before is { } before) await asking.AskAsync(before(round));
            return (await asking.AskAsync(request.Fields(round))).Milliseconds;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        if (_host is IAsyncDisposable disposable) await disposable.DisposeAsync();
        else _host.Dispose();
    }
}
