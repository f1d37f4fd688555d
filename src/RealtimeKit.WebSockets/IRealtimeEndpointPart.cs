using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace RealtimeKit.WebSockets;

/// <summary>What another package serves below the path of the WebSocket endpoint. Those in the container are mapped with it.</summary>
public interface IRealtimeEndpointPart
{
    /// <summary>Maps it.</summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="path">The path of the WebSocket endpoint, without a slash at its end.</param>
    /// <param name="isAllowedOrigin">Whether the page that sends a request may connect: of the same origin, of the host's list, or no page at all.</param>
    /// <returns>Its conventions: they get what the host asks of the WebSocket endpoint.</returns>
    IEndpointConventionBuilder Map(IEndpointRouteBuilder endpoints, string path, Func<HttpRequest, bool> isAllowedOrigin);
}
