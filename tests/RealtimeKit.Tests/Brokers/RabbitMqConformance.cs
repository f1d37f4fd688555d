using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RealtimeKit.Brokers;
using RealtimeKit.RabbitMQ;
using RealtimeKit.Testing;
using RealtimeKit.Tests.Engine;

namespace RealtimeKit.Tests.Brokers;

[ConformanceOf(typeof(RabbitMqBroker))]
public sealed class RabbitMqConformanceTests(SharedRabbitMq shared) : MessageBrokerConformance
{
    private readonly string _exchange = $"realtimekit-{Guid.NewGuid():N}";
    private TcpForwarder? _forwarder;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _forwarder?.Dispose();
        await shared.DeleteExchangeAsync(_exchange);
    }

    protected override async ValueTask<IMessageBroker> CreateAsync()
    {
        var uri = await shared.UriAsync();
        _forwarder ??= new TcpForwarder(uri.Host, uri.Port);
        var options = new RabbitMqBrokerOptions { Exchange = _exchange };
        options.Endpoints.Add(new RabbitMqEndpoint(new UriBuilder(uri) { Host = "127.0.0.1", Port = _forwarder.Port }.Uri.AbsoluteUri));
        return new RabbitMqBroker(Options.Create(options), SetClock.Of(TimeProvider.System), NullLogger<RabbitMqBroker>.Instance);
    }

    protected override ValueTask InterruptAsync()
    {
        _forwarder!.Cut();
        return ValueTask.CompletedTask;
    }
}
