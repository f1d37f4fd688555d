using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RealtimeKit.RabbitMQ;
using RealtimeKit.Testing;

namespace RealtimeKit.Tests.Brokers;

[ConformanceOf(typeof(RabbitMqBroker))]
public sealed class RabbitMqConformanceTests(SharedRabbitMq shared) : MessageBrokerConformance
{
    private readonly string _exchange = $"realtimekit-{Guid.NewGuid():N}";

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await shared.DeleteExchangeAsync(_exchange);
    }

    protected override async ValueTask<IMessageBroker> CreateAsync()
    {
        var options = new RabbitMqBrokerOptions { Exchange = _exchange };
        options.Endpoints.Add(new RabbitMqEndpoint((await shared.UriAsync()).ToString()));
        return new RabbitMqBroker(Options.Create(options), TimeProvider.System, NullLogger<RabbitMqBroker>.Instance);
    }
}
