namespace RealtimeKit.Client;

/// <summary>The state of a subscription.</summary>
internal enum StreamPhase
{
    /// <summary>It waits for a connection, or for another try.</summary>
    Waiting,

    /// <summary>It asked to be subscribed; what comes before the reply belongs to an earlier subscription.</summary>
    Subscribing,

    /// <summary>Pages and events come.</summary>
    Following,

    /// <summary>The reader is behind: nothing comes until it has read.</summary>
    Behind,

    /// <summary>It reads the history to put messages in order.</summary>
    Filling,

    /// <summary>It ended.</summary>
    Ended,
}
