using System.Threading.Channels;

namespace RealtimeKit.RabbitMQ.Publishing;

/// <summary>
/// The channels to which a publication was lost, each once, until the node is told. Bounded: beyond that many the other
/// nodes' regular comparison with the store finds them.
/// </summary>
internal sealed class LostPublishes
{
    /// <summary>As many as one comparison with the store takes.</summary>
    public const int Capacity = 10_000;

    private readonly Lock _gate = new();
    private readonly Channel<bool> _signal = System.Threading.Channels.Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private HashSet<string> _channels = new(StringComparer.Ordinal);

    public void Note(string channel)
    {
        lock (_gate)
        {
            if (_channels.Count >= Capacity || !_channels.Add(channel)) return;
        }

        _signal.Writer.TryWrite(true);
    }

    /// <summary>Lets <see cref="WaitAsync"/> go on where there is something to tell.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            if (_channels.Count == 0) return;
        }

        _signal.Writer.TryWrite(true);
    }

    /// <summary>Waits until something was noted, or it was woken.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken) =>
        await _signal.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);

    public IReadOnlyCollection<string> Take()
    {
        lock (_gate)
        {
            var taken = _channels;
            _channels = new(StringComparer.Ordinal);
            return taken;
        }
    }
}
