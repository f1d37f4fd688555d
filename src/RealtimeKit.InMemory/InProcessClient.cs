using System.Buffers;
using System.Threading.Channels;
using RealtimeKit.Protocol;

namespace RealtimeKit.InMemory;

/// <summary>
/// The client's end of an in-process connection: whole messages of bytes, each of one or more frames. Safe for one sender
/// and one receiver at a time. Both directions are bounded: who does not receive is waited for.
/// </summary>
public sealed class InProcessClient : IClientConnection, IAsyncDisposable
{
    private const int Capacity = 16;

    internal InProcessClient()
    {
    }

    /// <summary>Ends when the engine has done with the connection.</summary>
    public Task Session { get; internal set; } = Task.CompletedTask;

    /// <summary>Why the server closed, once <see cref="ReceiveAsync"/> has returned <see langword="null"/>.</summary>
    public CloseCode? CloseCode { get; internal set; }

    /// <summary>What the server said as it closed.</summary>
    public string? CloseReason { get; internal set; }

    internal Channel<byte[]> ToServer { get; } = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    internal Channel<byte[]> ToClient { get; } = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    /// <inheritdoc/>
    async ValueTask<bool> IClientConnection.ReceiveAsync(IBufferWriter<byte> buffer, CancellationToken cancellationToken)
    {
        if (await ReceiveAsync(cancellationToken).ConfigureAwait(false) is not { } message) return false;
        buffer.Write(message.Span);
        return true;
    }

    /// <summary>Sends one message.</summary>
    /// <exception cref="IOException">The connection has ended.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken = default)
    {
        try
        {
            await ToServer.Writer.WriteAsync(message.ToArray(), cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException exception)
        {
            throw new IOException("The in-process connection has ended.", exception);
        }
    }

    /// <summary>Receives one message; <see langword="null"/> when the connection has ended.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        while (await ToClient.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            if (ToClient.Reader.TryRead(out var message)) return message;
        // As a peer would, the close is answered.
        ToServer.Writer.TryComplete();
        return null;
    }

    /// <summary>Sends nothing more; what the server still sends is received, and then the end.</summary>
    public ValueTask CloseAsync(CancellationToken cancellationToken = default)
    {
        ToServer.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc cref="Close"/>
    public void Dispose() => Close();

    /// <summary>Closes; what the server still sends is lost.</summary>
    public void Close()
    {
        ToServer.Writer.TryComplete();
        ToClient.Writer.TryComplete();
    }

    /// <summary>Closes and waits until the engine has done with the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        Close();
        await Session.ConfigureAwait(false);
    }
}
