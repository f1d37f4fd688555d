using System.Buffers;

namespace RealtimeKit.Protocol;

/// <summary>
/// The client's end of one connection, whatever carries it: messages of bytes in both directions. The client receives from one
/// place and sends from one place at a time, but both at once; <see cref="IDisposable.Dispose"/> may be called at any time.
/// </summary>
/// <remarks>Disposing ends the connection at once: pending calls end with an error or as closed. Doing so twice does nothing.</remarks>
public interface IClientConnection : IDisposable
{
    /// <summary>How the server closed, once <see cref="ReceiveAsync"/> returned false; <see langword="null"/> where it did not say.</summary>
    CloseCode? CloseCode { get; }

    /// <summary>Why the server closed, in words for developers; <see langword="null"/> where it did not say.</summary>
    string? CloseReason { get; }

    /// <summary>
    /// Receives one whole message. The buffer is advanced as bytes arrive: during a long message the client sees by this that
    /// the server is there.
    /// </summary>
    /// <param name="buffer">Where the message goes. It throws where the message is larger than the client takes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether a message came; false when the server has closed.</returns>
    /// <exception cref="IOException">The connection is lost.</exception>
    ValueTask<bool> ReceiveAsync(IBufferWriter<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Sends one message. Ends when the memory may be used again; waits, without blocking, while the server does not read.</summary>
    /// <param name="message">One or more frames as UTF-8, separated by line feeds.</param>
    /// <param name="cancellationToken">Ends the wait; what was sent in part ends the connection.</param>
    /// <exception cref="IOException">The connection is lost.</exception>
    ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);

    /// <summary>
    /// Says that nothing more will be sent, or answers the server's close. The server's answer is received as the end. Does
    /// nothing where the connection has ended.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask CloseAsync(CancellationToken cancellationToken);
}
