using System.Net.WebSockets;
using Microsoft.Extensions.Logging.Abstractions;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client.Tests;

/// <summary>What is told of a connection that ended meanwhile must not harm the next one.</summary>
public sealed class PauseTests
{
    private static readonly ConnectedFrame Connected = new(
        1, "c", "ada", DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(25), null, ProtocolConstants.MaxFrameBytes, []);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_connection_is_not_paused_in_the_name_of_the_one_before(bool paused)
    {
        using var before = new ServerConnection(new WebSocketClientConnection(new ClientWebSocket()), TimeProvider.System, joining: true);
        using var now = new ServerConnection(new WebSocketClientConnection(new ClientWebSocket()), TimeProvider.System, joining: true);
        var ids = new RequestIds();
        var requests = new RequestTable(ids, 10, TimeSpan.FromSeconds(30), TimeProvider.System);
        var outbox = new Outbox(new RealtimeClientOptions(), ids, NullLogger.Instance);
        foreach (var part in (IConnectionPart[])[requests, outbox])
        {
            part.Attach(before, Connected);
            part.Detach();
            part.Attach(now, Connected);
            part.Pause(paused ? now : before);
        }

        _ = requests.SendAsync<OkFrame>((output, id) => ClientRequests.OfChannel(output, "join"u8, id, "lobby"), repeat: false, default);
        _ = outbox.SendAsync("lobby", new OutgoingMessage { Text = "x" }, default);
        (requests.Unanswered, outbox.Unanswered).Should().Be(paused ? (0, 0) : (1, 1));
    }
}
