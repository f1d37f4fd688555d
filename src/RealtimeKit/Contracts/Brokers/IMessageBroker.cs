namespace RealtimeKit.Brokers;

/// <summary>
/// Carries notices from one node to the others, quickly. At most once is enough: it may lose, repeat or reorder, because
/// everything that matters is read from the store. Implementations are safe for concurrent use.
/// </summary>
public interface IMessageBroker
{
    /// <summary>
    /// Whether a node should publish only the version that a channel has reached, in place of each change: for a broker that carries
    /// little and whose nodes have the store at hand. A node that receives it reads the changes from the store, once for all its readers.
    /// </summary>
    bool PrefersHeads => false;

    /// <summary>Connects, and from then on hands what arrives to <paramref name="receiver"/>. Called once, before anything else.</summary>
    /// <remarks>A broker that is away at start is no failure: the implementation connects when it comes back.</remarks>
    ValueTask StartAsync(IBrokerReceiver receiver, CancellationToken cancellationToken);

    /// <summary>
    /// Sends <paramref name="payload"/> to every other node that is subscribed to <paramref name="channel"/>, and possibly
    /// back to this one. Does not throw because the broker is away, and does not wait for it.
    /// </summary>
    void Publish(string channel, ReadOnlySpan<byte> payload);

    /// <summary>Ends once what is published to the channel after it arrives here.</summary>
    ValueTask SubscribeAsync(string channel, CancellationToken cancellationToken);

    /// <summary>Ends a subscription.</summary>
    ValueTask UnsubscribeAsync(string channel, CancellationToken cancellationToken);
}

/// <summary>The engine's end of the broker. All methods return at once and may be called from any thread.</summary>
public interface IBrokerReceiver
{
    /// <summary>Something arrived; the payload is valid during the call only.</summary>
    void Receive(string channel, ReadOnlySpan<byte> payload);

    /// <summary>
    /// A connection of the broker was lost, or could not be made at start. <see cref="ConnectionRegained"/> follows once for
    /// each call when it is there again.
    /// </summary>
    void ConnectionLost();

    /// <summary>A connection that was reported as lost is there again: the engine reads from the store what was sent meanwhile.</summary>
    void ConnectionRegained();

    /// <summary>
    /// Something published to <paramref name="channel"/> did not, or may not, have arrived: the other nodes are asked to
    /// look. Call it for every such publication; names are collected.
    /// </summary>
    void PublishLost(string channel);
}
