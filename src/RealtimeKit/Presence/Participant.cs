namespace RealtimeKit.Presence;

/// <summary>The user of one connection. All subscriptions of the connection share it.</summary>
/// <param name="name">The user's name.</param>
internal sealed class ConnectedUser(string name)
{
    private volatile bool _away;

    public string Name { get; } = name;

    /// <summary>Whether the user has been idle on this connection for longer than the options allow.</summary>
    public bool IsAway
    {
        get => _away;
        set => _away = value;
    }
}

/// <summary>A subscription as presence counts it.</summary>
/// <param name="user">Whose it is.</param>
internal abstract class Participant(ConnectedUser user)
{
    public ConnectedUser User { get; } = user;

    /// <summary>How the channel's presence counts it; the presence's lock guards it.</summary>
    public PresenceMark Mark { get; set; }
}

/// <summary>What a subscription counts for in its channel's presence.</summary>
internal enum PresenceMark
{
    /// <summary>Nothing: it has not been counted yet, or no longer is.</summary>
    None,

    /// <summary>A connection whose user did something lately.</summary>
    Online,

    /// <summary>A connection that is idle.</summary>
    Away,
}
