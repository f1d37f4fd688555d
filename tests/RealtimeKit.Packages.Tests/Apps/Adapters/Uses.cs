using Microsoft.Extensions.DependencyInjection;
using RealtimeKit;
using RealtimeKit.InMemory;
using RealtimeKit.Testing;

namespace Adapters;

/// <summary>Names what each adapter's package is there for.</summary>
public static class Uses
{
    public static RealtimeMessagingBuilder ManyNodes(RealtimeMessagingBuilder builder) =>
        builder.UsePostgreSqlStore("Host=db;Database=chat;Username=chat").UseRabbitMqBroker("amqp://broker/").AddS3Files("chat-files");

    public static RealtimeMessagingBuilder OneProcess(RealtimeMessagingBuilder builder) =>
        builder.UseInMemoryStore().UseInMemoryBroker(new InMemoryBrokerNetwork());
}

/// <summary>A store under the conformance suite.</summary>
public sealed class StoreConformance : MessageStoreConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync()
    {
        var store = new InMemoryStore();
        return ValueTask.FromResult(new StoreUnderTest(store, store));
    }
}
