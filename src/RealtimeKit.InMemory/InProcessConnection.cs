using System.Buffers;
using System.Security.Claims;
using System.Threading.Channels;
using RealtimeKit.Protocol;
using RealtimeKit.Transports;

namespace RealtimeKit.InMemory;

/// <summary>The engine's end of an in-process connection.</summary>
internal sealed class InProcessConnection(InProcessClient client, ClaimsPrincipal? principal, string? token) : ITransportConnection
{
    public ClaimsPrincipal? Principal => principal;

    public DateTimeOffset? PrincipalExpires => null;

    public string? Token => token;

    public async ValueTask<ReceiveResult> ReceiveAsync(IBufferWriter<byte> buffer, int limit, CancellationToken cancellationToken)
    {
        while (await client.ToServer.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (!client.ToServer.Reader.TryRead(out var message)) continue;
            if (message.Length > limit) return ReceiveResult.TooBig;
            buffer.Write(message);
            return ReceiveResult.Message;
        }

        return ReceiveResult.Closed;
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        try
        {
            await client.ToClient.Writer.WriteAsync(message.ToArray(), cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException exception)
        {
            throw new IOException("The in-process connection has ended.", exception);
        }
    }

    public ValueTask CloseAsync(CloseCode code, string reason, CancellationToken cancellationToken)
    {
        client.CloseCode ??= code;
        client.CloseReason ??= reason;
        client.ToClient.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public void Abort() => client.Close();
}
