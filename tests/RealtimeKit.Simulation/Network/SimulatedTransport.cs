using System.Buffers;
using System.Security.Claims;
using RealtimeKit.Protocol;
using RealtimeKit.Transports;

namespace RealtimeKit.Simulation.Network;

/// <summary>The node's end of a simulated connection, as the engine knows it.</summary>
internal sealed class SimulatedTransport(SimulatedConnection.End end, string user) : ITransportConnection
{
    public ClaimsPrincipal? Principal { get; } = new(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], "simulated"));

    public DateTimeOffset? PrincipalExpires => null;

    public string? Token => null;

    public async ValueTask<ReceiveResult> ReceiveAsync(IBufferWriter<byte> buffer, int limit, CancellationToken cancellationToken)
    {
        if (await end.ReceiveAsync().WaitAsync(cancellationToken) is not { Close: null } parcel) return ReceiveResult.Closed;
        if (parcel.Bytes.Length > limit) return ReceiveResult.TooBig;
        buffer.Write(parcel.Bytes);
        return ReceiveResult.Message;
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) => new(end.SendAsync(new Parcel(message.ToArray())));

    public ValueTask CloseAsync(CloseCode code, string reason, CancellationToken cancellationToken) => new(end.SendAsync(new Parcel([], ((int)code, reason))));

    public void Abort() => end.Abort();
}
