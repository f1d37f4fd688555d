namespace RealtimeKit.Delivery;

/// <summary>Whoever the messages are delivered to: a session.</summary>
internal interface IReader
{
    /// <summary>Ends it, because a write to its connection failed.</summary>
    void Lose(Exception failure);

    /// <summary>Ends one of its subscriptions, because it may not have it any more or the channel is gone, and says why.</summary>
    void Revoke(Subscription subscription, string reason);
}
