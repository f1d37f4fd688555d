namespace RealtimeKit.Protocol;

/// <summary>Why a connection was closed. The numbers are WebSocket close codes.</summary>
public enum CloseCode
{
    /// <summary>An ordinary end.</summary>
    Normal = 1000,

    /// <summary>The node is going away: connect again.</summary>
    GoingAway = 1001,

    /// <summary>A binary message came, which this protocol does not have.</summary>
    Binary = 1003,

    /// <summary>The connection ended without a close; never sent, only observed.</summary>
    Lost = 1006,

    /// <summary>A message over the size limit came.</summary>
    MessageTooBig = 1009,

    /// <summary>A frame could not be read at all.</summary>
    Malformed = 4400,

    /// <summary>No sign-in, a refused one, or one that expired.</summary>
    Unauthenticated = 4401,

    /// <summary>Disconnected by a moderator or by policy: do not come back.</summary>
    Disconnected = 4403,

    /// <summary>The client sent nothing for two heartbeats.</summary>
    Silent = 4408,

    /// <summary>The client abused the limits.</summary>
    LimitsAbused = 4429,

    /// <summary>A fault of the server.</summary>
    Internal = 4500,
}
