namespace RealtimeKit.Checking.Network;

/// <summary>What a network does to the bytes of a link.</summary>
internal enum LinkMode
{
    /// <summary>They pass.</summary>
    Pass,

    /// <summary>Connections are reset, and no new one comes about.</summary>
    Cut,

    /// <summary>Nothing passes, and nobody is told: connections stay, half open.</summary>
    Hold,

    /// <summary>Nothing passes from the client's side to the server's.</summary>
    HoldUp,

    /// <summary>Nothing passes from the server's side to the client's.</summary>
    HoldDown,
}
