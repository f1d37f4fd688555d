using Microsoft.Extensions.DependencyInjection.Extensions;
using RealtimeKit;
using RealtimeKit.Brokers;
using RealtimeKit.InMemory;
using RealtimeKit.Stores;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Chooses the store and broker that live in memory.</summary>
public static class InMemoryBuilderExtensions
{
    /// <summary>Keeps everything in this process's memory, and loses it with the process: for tests and demos.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="store">A store to share with other nodes in this process; a new one where there is none.</param>
    public static RealtimeMessagingBuilder UseInMemoryStore(this RealtimeMessagingBuilder builder, InMemoryStore? store = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddSingleton(_ => store ?? new InMemoryStore());
        builder.Services.AddSingleton<IMessageStore>(services => services.GetRequiredService<InMemoryStore>());
        builder.Services.AddSingleton<IChannelStore>(services => services.GetRequiredService<InMemoryStore>());
        builder.Services.AddSingleton<IFileRecords>(services => services.GetRequiredService<InMemoryStore>());
        builder.Services.AddSingleton<IInboxStore>(services => services.GetRequiredService<InMemoryStore>());
        return builder;
    }

    /// <summary>Connects the nodes of this process through <paramref name="network"/>.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="network">What the nodes have in common.</param>
    public static RealtimeMessagingBuilder UseInMemoryBroker(this RealtimeMessagingBuilder builder, InMemoryBrokerNetwork network)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(network);
        builder.Services.AddSingleton<IMessageBroker>(_ => new InMemoryBroker(network));
        return builder;
    }
}
