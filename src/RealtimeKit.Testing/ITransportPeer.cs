using RealtimeKit.Protocol;

namespace RealtimeKit.Testing;

/// <summary>The far end of a transport's connection, as a client would hold it. One sender and one receiver at a time.</summary>
public interface ITransportPeer : IAsyncDisposable
{
    /// <summary>Why the transport said that it closed, once <see cref="ReceiveAsync"/> has returned <see langword="null"/>.</summary>
    CloseCode? CloseCode { get; }

    /// <summary>Sends one message.</summary>
    ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);

    /// <summary>Receives one whole message; <see langword="null"/> when the connection has ended.</summary>
    ValueTask<byte[]?> ReceiveAsync(CancellationToken cancellationToken);

    /// <summary>Closes in the orderly way.</summary>
    ValueTask CloseAsync(CancellationToken cancellationToken);

    /// <summary>Breaks the connection without a word.</summary>
    void Abort();
}
