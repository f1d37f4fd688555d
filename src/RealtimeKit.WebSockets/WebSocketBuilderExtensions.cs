using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using RealtimeKit;
using RealtimeKit.WebSockets;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the WebSocket transport.</summary>
public static class WebSocketBuilderExtensions
{
    /// <summary>Lets clients come in over WebSockets; the endpoint is mapped by <c>app.MapRealtimeMessaging("/realtime")</c>.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Sets options; each has a default.</param>
    public static RealtimeMessagingBuilder AddWebSockets(
        this RealtimeMessagingBuilder builder, Action<WebSocketTransportOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = builder.Services.AddOptions<WebSocketTransportOptions>().ValidateOnStart();
        if (configure is not null) options.Configure(configure);
        builder.Services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<WebSocketTransportOptions>, WebSocketTransportOptionsValidator>());
        builder.Services.TryAddSingleton<WebSocketEndpoint>();
        return builder;
    }
}
