using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RealtimeKit.WebSockets;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the endpoint that clients connect to.</summary>
public static class RealtimeMessagingEndpointExtensions
{
    /// <summary>
    /// Maps the WebSocket endpoint at <paramref name="pattern"/> and, unless that is turned off, the browser client at
    /// <c>client.js</c> below it, with the modules that this imports at <c>client/</c>. What other packages serve below it, such as files, is mapped as well.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="pattern">The path, such as <c>/realtime</c>.</param>
    /// <returns>The endpoint's conventions, for <c>RequireAuthorization</c>, <c>RequireCors</c> and the like; they concern the WebSocket and what other packages serve, not the browser client.</returns>
    /// <exception cref="InvalidOperationException"><c>AddRealtimeMessaging().AddWebSockets()</c> was not called.</exception>
    public static IEndpointConventionBuilder MapRealtimeMessaging(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        var endpoint = endpoints.ServiceProvider.GetService<WebSocketEndpoint>()
            ?? throw new InvalidOperationException(
                "There is no WebSocket transport: call services.AddRealtimeMessaging().AddWebSockets() before MapRealtimeMessaging().");
        var options = endpoints.ServiceProvider.GetRequiredService<IOptions<WebSocketTransportOptions>>().Value;
        if (options.ServeClient)
            BrowserClient.Map(endpoints, pattern.TrimEnd('/'));
        // Its own small pipeline, so that the host need not call UseWebSockets().
        var pipeline = endpoints.CreateApplicationBuilder();
        if (options.WriteToSocket)
        {
            pipeline.Use(next => context =>
            {
                SocketUpgrade.UseWherePossible(context.Features);
                return next(context);
            });
        }

        pipeline.UseWebSockets().Run(endpoint.HandleAsync);
        var socket = endpoints.Map(pattern, pipeline.Build()).WithDisplayName($"RealtimeKit {pattern}");
        return new EndpointConventions(
            [socket, .. endpoints.ServiceProvider.GetServices<IRealtimeEndpointPart>().Select(part => part.Map(endpoints, pattern.TrimEnd('/'), endpoint.IsAllowed))]);
    }
}
