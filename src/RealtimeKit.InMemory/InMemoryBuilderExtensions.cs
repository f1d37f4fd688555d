using RealtimeKit;
using RealtimeKit.InMemory;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the in-memory store and broker to real-time messaging.</summary>
public static class InMemoryBuilderExtensions
{
    /// <summary>Keeps everything in memory: for tests and demos, for nothing survives the process.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="store">The store to use, such as one that several nodes of a test share; a new one by default.</param>
    public static RealtimeMessagingBuilder UseInMemoryStore(this RealtimeMessagingBuilder builder, InMemoryStore? store = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        store ??= new InMemoryStore();
        builder.Services.AddSingleton<IMessageStore>(store);
        builder.Services.AddSingleton<IChannelStore>(store);
        return builder;
    }

    /// <summary>Joins this node with the others in the same process that use the same network.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="network">What the nodes share.</param>
    public static RealtimeMessagingBuilder UseInMemoryBroker(this RealtimeMessagingBuilder builder, InMemoryBrokerNetwork network)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(network);
        // Through a factory, so that the container disposes it.
        builder.Services.AddSingleton<IMessageBroker>(_ => new InMemoryBroker(network));
        return builder;
    }
}
