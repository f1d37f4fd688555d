namespace RealtimeKit.RabbitMQ.Publishing;

/// <summary>
/// What one connection has sent and the broker has not confirmed, by the numbers that both sides count: a ring from the
/// oldest to the newest.
/// </summary>
internal sealed class Unconfirmed(int capacity, Action<string> lost, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _room = new(capacity, capacity);
    private readonly (string? Channel, long At)[] _ring = new (string?, long)[capacity];
    private long _first = 1;
    private long _next = 1;

    public bool IsEmpty
    {
        get { lock (_gate) return _first == _next; }
    }

    /// <summary>Waits for room and takes the next number for a publication that is sent right after.</summary>
    public async ValueTask EnterAsync(string channel, CancellationToken cancellationToken)
    {
        await _room.WaitAsync(cancellationToken).ConfigureAwait(false);
        lock (_gate) _ring[_next++ % capacity] = (channel, time.GetTimestamp());
    }

    /// <summary>The broker has taken, or else refused, the publication with this number, or all up to it.</summary>
    public void Settle(ulong number, bool multiple, bool taken)
    {
        var freed = 0;
        List<string>? refused = null;
        lock (_gate)
        {
            var last = (long)number;
            if (last < _first || last >= _next) return;
            for (var one = multiple ? _first : last; one <= last; one++)
            {
                ref var slot = ref _ring[one % capacity];
                if (!taken && slot.Channel is { } channel) (refused ??= []).Add(channel);
                slot.Channel = null;
            }

            for (; _first < _next && _ring[_first % capacity].Channel is null; _first++) freed++;
        }

        if (freed > 0) _room.Release(freed);
        refused?.ForEach(lost);
    }

    /// <summary>How long the oldest has waited, at most since <paramref name="since"/>; zero where there is none.</summary>
    public TimeSpan Age(long since)
    {
        lock (_gate) return _first == _next ? TimeSpan.Zero : time.GetElapsedTime(Math.Max(since, _ring[_first % capacity].At));
    }

    /// <summary>The connection is gone, and with it every confirmation that had not come.</summary>
    public void Lose()
    {
        var unconfirmed = new List<string>();
        lock (_gate)
        {
            for (; _first < _next; _first++)
            {
                if (_ring[_first % capacity].Channel is { } channel) unconfirmed.Add(channel);
            }
        }

        unconfirmed.ForEach(lost);
    }
}
