using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RealtimeKit.InMemory;
using RealtimeKit.Transports;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>One node of the engine on the in-process transport, with its log.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly IHost _host;

    private TestNode(IHost host, RecordingLogger log)
    {
        _host = host;
        Log = log;
        Transport = new InProcessTransport(host.Services.GetRequiredService<IConnectionHandler>());
        Messaging = host.Services.GetRequiredService<IRealtimeMessaging>();
    }

    public InProcessTransport Transport { get; }

    public IRealtimeMessaging Messaging { get; }

    public IServiceProvider Services => _host.Services;

    public RecordingLogger Log { get; }

    public static async Task<TestNode> StartAsync(
        Action<RealtimeMessagingBuilder>? build = null, Action<RealtimeOptions>? configure = null, TimeProvider? time = null,
        Func<IServiceProvider, Task>? beforeStart = null)
    {
        var host = Host.CreateEmptyApplicationBuilder(null);
        var log = new RecordingLogger();
        host.Logging.AddProvider(log);
        host.Services.AddSingleton(SetClock.Of(time ?? TimeProvider.System));
        var builder = host.Services.AddRealtimeMessaging(options =>
        {
            options.UsersMayCreateChannels = true;
            options.RateLimits = RateLimits.None;
            options.DrainPeriod = TimeSpan.Zero;
            configure?.Invoke(options);
        });
        if (build is null) builder.UseInMemoryStore();
        else build(builder);
        var built = host.Build();
        if (beforeStart is not null) await beforeStart(built.Services);
        await built.StartAsync(TestContext.Current.CancellationToken);
        return new TestNode(built, log);
    }

    public async Task<TestClient> ConnectAsync(string user)
    {
        var client = new TestClient(Transport.Connect(user));
        await client.RequestAsync("""{"type":"connect","id":1}""", 1);
        return client;
    }

    public Task StopAsync() => _host.StopAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(CancellationToken.None);
        _host.Dispose();
    }
}

/// <summary>Keeps what was logged at warning or above.</summary>
internal sealed class RecordingLogger : ILoggerProvider, ILogger
{
    public ConcurrentQueue<(LogLevel Level, string Text)> Entries { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) Entries.Enqueue((logLevel, $"{formatter(state, exception)} {exception}"));
    }

    public void Dispose()
    {
    }
}
