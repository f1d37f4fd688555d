namespace RealtimeKit.Client;

/// <summary>The codes of a <see cref="RealtimeException"/> that the client itself gives, beside those of the server.</summary>
public static class ClientErrorCodes
{
    /// <summary><see cref="RealtimeClientOptions.QueueLimit"/> is reached; nothing was queued.</summary>
    public const string QueueFull = "queue_full";

    /// <summary>The connection was lost before the reply, and the request may or may not have taken effect.</summary>
    public const string ConnectionLost = "connection_lost";

    /// <summary>The client is closed.</summary>
    public const string Closed = "closed";
}
