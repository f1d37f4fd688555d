using RealtimeKit.Brokers;

namespace RealtimeKit.Checking.Plants;

/// <summary>A broker that loses one message in so many, and never tells that something was lost.</summary>
/// <param name="inner">The real one.</param>
/// <param name="oneIn">One in how many.</param>
/// <param name="kind">Only of this kind of notices; see BrokerPayload in the core.</param>
internal sealed class LosesNotices(IMessageBroker inner, int oneIn, byte? kind = null) : IMessageBroker
{
    public bool PrefersHeads => inner.PrefersHeads;

    public ValueTask StartAsync(IBrokerReceiver receiver, CancellationToken cancellationToken) =>
        inner.StartAsync(new Receiver(receiver, oneIn, kind), cancellationToken);

    public void Publish(string channel, ReadOnlySpan<byte> payload) => inner.Publish(channel, payload);

    public ValueTask SubscribeAsync(string channel, CancellationToken cancellationToken) => inner.SubscribeAsync(channel, cancellationToken);

    public ValueTask UnsubscribeAsync(string channel, CancellationToken cancellationToken) => inner.UnsubscribeAsync(channel, cancellationToken);

    private sealed class Receiver(IBrokerReceiver inner, int oneIn, byte? kind) : IBrokerReceiver
    {
        private readonly Random _random = new(1);

        public void Receive(string channel, ReadOnlySpan<byte> payload)
        {
            bool lose;
            lock (_random) lose = (kind is null || payload[0] == kind) && _random.Next(oneIn) == 0;
            if (!lose) inner.Receive(channel, payload);
        }

        public void ConnectionLost()
        {
        }

        public void ConnectionRegained()
        {
        }

        public void PublishLost(string channel)
        {
        }
    }
}
