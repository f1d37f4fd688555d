using System.Net;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Brokers;

namespace RealtimeKit.Docs.Adapter;

/// <summary>Chooses the broker over a socket.</summary>
internal static class SocketBuilderExtensions
{
    public static RealtimeMessagingBuilder UseSocketBroker(this RealtimeMessagingBuilder builder, EndPoint relay)
    {
        builder.Services.AddSingleton<IMessageBroker>(services => new SocketBroker(relay, services.GetRequiredService<TimeProvider>()));
        return builder;
    }
}
