using System.Buffers;
using System.Net;
using System.Security.Claims;
using RealtimeKit.Protocol;

namespace RealtimeKit.Transports;

/// <summary>
/// One connection of one client, whatever carries it: messages of bytes in both directions. The engine receives from one
/// place and sends from one place at a time, but both at once; <see cref="Abort"/> may be called at any time.
/// </summary>
public interface ITransportConnection
{
    /// <summary>Who the transport says is at the other end, if it was authenticated.</summary>
    ClaimsPrincipal? Principal { get; }

    /// <summary>When the transport's sign-in expires; <see langword="null"/> for never.</summary>
    DateTimeOffset? PrincipalExpires { get; }

    /// <summary>A token that came with the opening of the connection rather than in <c>connect</c>, if any.</summary>
    string? Token { get; }

    /// <summary>The address of the other end, by which refused sign-ins are counted; <see langword="null"/> where there is none. Default: none.</summary>
    IPAddress? RemoteAddress => null;

    /// <summary>
    /// Receives one whole message into <paramref name="buffer"/>. Takes memory from the buffer only when something has
    /// arrived, so that an idle connection holds none, and never more than <paramref name="limit"/> bytes.
    /// </summary>
    /// <param name="buffer">Where the message goes.</param>
    /// <param name="limit">
    /// The most bytes that the message may have: <see cref="ProtocolConstants.MaxMessageBytes"/>, or
    /// less from a client that has not signed in.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What came. After anything but a message nothing more will be received.</returns>
    ValueTask<ReceiveResult> ReceiveAsync(IBufferWriter<byte> buffer, int limit, CancellationToken cancellationToken);

    /// <summary>Sends one message. Ends when the memory may be used again; waits, without blocking, while the peer does not read.</summary>
    /// <exception cref="IOException">The connection is lost.</exception>
    ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);

    /// <summary>Sends the peer the reason why the connection ends, and nothing more. The peer's answer is received as closed.</summary>
    ValueTask CloseAsync(CloseCode code, string reason, CancellationToken cancellationToken);

    /// <summary>
    /// Ends the connection at once; pending calls end with an error or as closed. Does nothing where the connection has ended
    /// already, and does not throw.
    /// </summary>
    void Abort();
}

/// <summary>What a receive brought.</summary>
public enum ReceiveResult
{
    /// <summary>A whole message.</summary>
    Message,

    /// <summary>The peer closed, or the connection is lost.</summary>
    Closed,

    /// <summary>A message over the size limit; its rest was not read.</summary>
    TooBig,

    /// <summary>A message that is not text.</summary>
    Binary,
}

/// <summary>Where a transport hands its connections in.</summary>
public interface IConnectionHandler
{
    /// <summary>Whether this node still takes connections; false while it stops.</summary>
    bool IsAccepting { get; }

    /// <summary>Serves a connection until it has ended. Does not throw for what the peer does.</summary>
    /// <param name="connection">The connection; the transport disposes of it afterwards.</param>
    /// <param name="cancellationToken">Ends the connection at once.</param>
    Task HandleAsync(ITransportConnection connection, CancellationToken cancellationToken);
}
