namespace RealtimeKit.WebSockets;

/// <summary>How the WebSocket endpoint behaves. Checked when the host starts.</summary>
public sealed class WebSocketTransportOptions
{
    /// <summary>
    /// The origins, such as <c>https://app.example</c>, whose pages may connect besides those of the same origin; <c>*</c>
    /// for all. Default: none. A client that sends no origin (any but a browser) passes.
    /// </summary>
    public IList<string> AllowedOrigins { get; } = [];

    /// <summary>Whether the endpoint also serves the browser client: <c>client.js</c> below its path and the modules that this imports. Default: true.</summary>
    public bool ServeClient { get; set; } = true;

    /// <summary>
    /// Whether frames are written straight to the connection's socket where that is possible: HTTP/1.1 without TLS on Kestrel, as behind a
    /// proxy. Other connections go through the web server as usual. It saves processor time and changes nothing else. Default: true.
    /// </summary>
    public bool WriteToSocket { get; set; } = true;

    /// <summary>The authentication scheme that reads tokens, where one was chosen by <c>UseTokenScheme</c>.</summary>
    internal string? TokenScheme { get; set; }
}
