using RealtimeKit.Delivery;
using RealtimeKit.Protocol;

namespace RealtimeKit.Sessions;

/// <summary>The channels of one session: its subscriptions, and what it knows for publishing. Safe for concurrent use.</summary>
internal sealed class SessionChannels(Subscriptions subscriptions)
{
    // A publisher needs no subscription; its rights can be read again.
    private const int MostWithoutSubscription = 64;

    private readonly Lock _gate = new();
    private Dictionary<string, SessionChannel>? _channels;
    private int _subscriptions;
    private bool _ended;

    public int SubscriptionCount => Volatile.Read(ref _subscriptions);

    /// <summary>How many channels it keeps something of.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _channels?.Count ?? 0;
        }
    }

    /// <summary>The channel with this name in UTF-8, where the session already knows it.</summary>
    public SessionChannel? Find(ReadOnlySpan<byte> name)
    {
        if (name.Length > ProtocolConstants.MaxIdentifierLength) return null;
        Span<char> characters = stackalloc char[ProtocolConstants.MaxIdentifierLength];
        var length = System.Text.Encoding.UTF8.GetChars(name, characters);
        lock (_gate)
        {
            return _channels is not null && _channels.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(characters[..length], out var channel)
                ? channel
                : null;
        }
    }

    public SessionChannel Get(string name)
    {
        lock (_gate)
        {
            _channels ??= new Dictionary<string, SessionChannel>(StringComparer.Ordinal);
            if (_channels.TryGetValue(name, out var channel)) return channel;
            if (_channels.Count - _subscriptions >= MostWithoutSubscription)
                foreach (var idle in _channels.Values.Where(other => other.IsIdle).ToList())
                    _channels.Remove(idle.Name);
            return _channels[name] = new SessionChannel(name);
        }
    }

    public Subscription? FindSubscription(string name)
    {
        lock (_gate) return _channels?.GetValueOrDefault(name)?.Subscription;
    }

    /// <summary>Makes a subscription the session's one for its channel.</summary>
    /// <returns>False where the session has ended. The one it replaces, if any, is to be detached.</returns>
    public bool TrySet(Subscription subscription, out Subscription? replaced)
    {
        replaced = null;
        var channel = Get(subscription.Channel.Name);
        lock (_gate)
        {
            if (_ended) return false;
            replaced = channel.Subscription;
            channel.Subscription = subscription;
            // The channel may have been dropped as idle between the two locks.
            _channels![channel.Name] = channel;
            if (replaced is null) _subscriptions++;
            return true;
        }
    }

    /// <summary>Removes a subscription and detaches it.</summary>
    /// <returns>Whether it was still the session's.</returns>
    public bool Remove(Subscription subscription)
    {
        lock (_gate)
        {
            var channel = _channels?.GetValueOrDefault(subscription.Channel.Name);
            if (channel is null || channel.Subscription != subscription) return false;
            channel.Subscription = null;
            _subscriptions--;
        }

        subscriptions.Detach(subscription);
        return true;
    }

    public void RemoveAll()
    {
        List<Subscription> all;
        lock (_gate)
        {
            _ended = true;
            all = [.. Subscriptions()];
            _channels = null;
            _subscriptions = 0;
        }

        foreach (var subscription in all) subscriptions.Detach(subscription);
    }

    public IReadOnlyList<Subscription> List()
    {
        lock (_gate) return [.. Subscriptions()];
    }

    /// <summary>Forgets the user's rights in a channel.</summary>
    public void Forget(string name)
    {
        lock (_gate)
        {
            if (_channels?.GetValueOrDefault(name) is { } channel) channel.Grant = null;
        }
    }

    /// <summary>Forgets the user's rights in all channels.</summary>
    public void ForgetAll()
    {
        lock (_gate)
        {
            if (_channels is null) return;
            foreach (var channel in _channels.Values) channel.Grant = null;
        }
    }

    private IEnumerable<Subscription> Subscriptions() =>
        (_channels?.Values ?? Enumerable.Empty<SessionChannel>()).Select(channel => channel.Subscription).OfType<Subscription>();
}
