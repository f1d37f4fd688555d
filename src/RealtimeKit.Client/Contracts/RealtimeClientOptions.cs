using System.Net.WebSockets;
using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>How a <see cref="RealtimeClient"/> behaves. It is read once, when the client is made.</summary>
public sealed class RealtimeClientOptions
{
    /// <summary>
    /// Gives the token to sign in with; asked before every connect and before the sign-in expires. Default: none, for hosts
    /// that know the user by a cookie or a header (see <see cref="ConfigureWebSocket"/>). A null token is left out. An
    /// exception counts as a failed attempt to connect, and so does an answer that takes longer than
    /// <see cref="ConnectTimeout"/>. The token it is given ends when its answer is no longer waited for.
    /// </summary>
    public Func<CancellationToken, ValueTask<string?>>? TokenProvider { get; set; }

    /// <summary>
    /// Called before every connect, to set headers, cookies, a proxy or certificates. Default: nothing. Not together with
    /// <see cref="ConnectionFactory"/>.
    /// </summary>
    public Action<ClientWebSocketOptions>? ConfigureWebSocket { get; set; }

    /// <summary>
    /// Opens each connection, given the client's endpoint: in place of a WebSocket over the network one of a test server
    /// (<see cref="WebSocketClientConnection"/>), or a connection in the same process. Default: a <see cref="ClientWebSocket"/>.
    /// </summary>
    /// <remarks>
    /// An exception counts as a failed attempt to connect, with two exceptions: after a <see cref="PlatformNotSupportedException"/>
    /// the client is closed, and a <see cref="RealtimeException"/> means what the same code from the server means, so that
    /// <see cref="ErrorCodes.Unauthenticated"/> and <see cref="ErrorCodes.Forbidden"/> end the attempts. The token that it is
    /// given is cancelled when the connection is no longer waited for; one that is opened later is disposed of.
    /// </remarks>
    public Func<Uri, CancellationToken, ValueTask<IClientConnection>>? ConnectionFactory { get; set; }

    /// <summary>
    /// The most messages that may wait for their acknowledgement, connected or not, and the most other requests that may wait
    /// for a reply. One more fails at once with <see cref="ClientErrorCodes.QueueFull"/>. At least 1; default 1,000.
    /// </summary>
    public int QueueLimit { get; set; } = 1_000;

    /// <summary>The most messages that are under way to the server at once, over all channels. At least 1; default 64.</summary>
    public int MaxOutstanding { get; set; } = 64;

    /// <summary>
    /// How many updates of a channel may wait for the application's reader. Beyond it the client leaves the channel's live
    /// stream and comes back to the same place when half of them are read: nothing is lost. At least 1; default 1,000.
    /// </summary>
    public int ReadBuffer { get; set; } = 1_000;

    /// <summary>The upper bound of the random wait before the first new attempt; it doubles with each. Above zero; default 500 ms.</summary>
    public TimeSpan ReconnectDelay { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>What that bound does not grow beyond. At least <see cref="ReconnectDelay"/>; default 30 s.</summary>
    public TimeSpan MaxReconnectDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one attempt to connect and sign in may take. Above zero; default 15 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a request other than a send may wait for its reply, a time without connection included. Above zero; default 30 s.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Sends the requests for files, with the cookies, proxy or certificates that <see cref="ConfigureWebSocket"/> sets for the socket. The application
    /// disposes of it. Default: one of the client's own, with the token of <see cref="TokenProvider"/>.
    /// </summary>
    public HttpClient? HttpClient { get; set; }

    /// <summary>The clock. Default: the system's.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Where the client logs: connections and what went wrong, never tokens and never what messages say. Default: nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>What waits are drawn from; a simulation has its own.</summary>
    internal Random Random { get; set; } = Random.Shared;

    internal RealtimeClientOptions CopyValidated()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(QueueLimit, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxOutstanding, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(ReadBuffer, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ReconnectDelay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxReconnectDelay, ReconnectDelay);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ConnectTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RequestTimeout, TimeSpan.Zero);
        ArgumentNullException.ThrowIfNull(TimeProvider);
        if (ConnectionFactory is not null && ConfigureWebSocket is not null)
            throw new ArgumentException("ConfigureWebSocket has no effect with a ConnectionFactory: set one of the two.");
        return (RealtimeClientOptions)MemberwiseClone();
    }
}
