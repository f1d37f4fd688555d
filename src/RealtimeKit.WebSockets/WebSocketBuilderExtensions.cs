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

    /// <summary>
    /// Lets an authentication scheme of the application read the tokens that clients show, in <c>connect</c> and <c>refresh</c>,
    /// in the header <c>Authorization: Bearer</c> or as <c>access_token</c> in the address: JwtBearer, ASP.NET Core Identity's
    /// bearer tokens, or any other that reads that header. Cookies go on working beside it.
    /// </summary>
    /// <remarks>
    /// The scheme checks the token as it does for a request of HTTP, with the application's own parameters and events. The user is
    /// the name identifier of the principal that it gives, else its <c>sub</c>, else its name, and the sign-in ends when the
    /// token does: then the connection is closed with 4401, unless a <c>refresh</c> brought another token before. A token past
    /// its time is refused, whatever clock skew the scheme allows. Takes the place of an <see cref="IAuthenticator"/>.
    /// </remarks>
    /// <param name="builder">The builder.</param>
    /// <param name="scheme">The scheme's name, such as <c>Bearer</c>; the host fails at start where there is none of that name.</param>
    public static RealtimeMessagingBuilder UseTokenScheme(this RealtimeMessagingBuilder builder, string scheme)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(scheme);
        builder.Services.Configure<WebSocketTransportOptions>(options => options.TokenScheme = scheme);
        return builder.UseAuthenticator<SchemeAuthenticator>();
    }
}
