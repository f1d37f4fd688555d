using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>Takes the frames of one connection in their order and gives each to whom it concerns.</summary>
internal sealed class FrameRouter(
    ServerConnection connection, long connectId, SubscriptionTable subscriptions, InboxKeeper inbox, UserTable users, IReadOnlyList<IConnectionPart> parts)
{
    private static readonly byte[] Pong = "{\"type\":\"pong\"}\n"u8.ToArray();

    public long ConnectId => connectId;

    public bool IsConnected { get; private set; }

    public Action<ConnectedFrame>? Connected { get; set; }

    public ConnectionKeeper? Keeper { get; set; }

    /// <summary>What the server answered in place of <c>connected</c>, if it did.</summary>
    public ErrorFrame? Refusal { get; private set; }

    public void Take(ReadOnlyMemory<byte> utf8)
    {
        switch (ServerFrameReader.Read(utf8))
        {
            case PingFrame:
                connection.Post(Pong);
                break;
            case ConnectedFrame connected when connected.Id == connectId && !IsConnected:
                IsConnected = true;
                Connected?.Invoke(connected);
                break;
            case ErrorFrame error when error.Id == connectId && !IsConnected:
                Refusal = error;
                connection.BeginClose(Handshake.Meaning(RealtimeException.From(error)));
                break;
            case ReconnectFrame reconnect:
                Keeper?.Move(reconnect.Within);
                break;
            case UserFrame { Profile: var profile }:
                users.Take(profile);
                break;
            case ServerReply reply:
                _ = parts.Any(part => part.TryTake(reply));
                break;
            case InboxRowsFrame rows:
                inbox.Take(rows);
                break;
            case var frame:
                subscriptions.Take(frame);
                break;
        }
    }
}
