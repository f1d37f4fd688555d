using System.Diagnostics;
using RealtimeKit.Benchmarks.Sockets;

namespace RealtimeKit.Benchmarks.Jobs;

/// <summary>Channels beside the load in which a message is sent now and then: how long each takes to its readers.</summary>
/// <param name="swarm">All clients.</param>
/// <param name="first">The index of the first client of a calm channel; those behind it belong to them, too.</param>
/// <param name="count">How many channels there are.</param>
internal sealed class CalmChannels(Swarm swarm, int first, int count)
{
    /// <summary>How many channels a load has beside it.</summary>
    public const int Count = 10;

    private const int Readers = 10;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly Delays _delays = new(count);
    private long _published = Stopwatch.GetTimestamp();
    private int _next;

    /// <summary>How many clients they have.</summary>
    public int Peers => count * Readers;

    public long Publishes { get; private set; }

    /// <summary>How many deliveries these are to become.</summary>
    public long Expected => Publishes * Readers;

    /// <summary>What was measured, where there is a calm channel.</summary>
    public IEnumerable<Figure> Figures => count == 0 ? [] : [new("calm p50, ms", _delays.Quantile(0.5)), new("calm p99, ms", _delays.Quantile(0.99))];

    public int ChannelOf(int index) => (index - first) / Readers;

    /// <summary>Sends the next message, in the next channel, if it is time.</summary>
    public void PublishWhenDue()
    {
        if (count == 0 || Stopwatch.GetElapsedTime(_published) < Interval) return;
        _published = Stopwatch.GetTimestamp();
        var channel = _next++ % count;
        var peer = swarm.Peers[first + (channel * Readers)];
        _delays.Sent(channel, peer.Sent + 1);
        Publishes++;
        swarm.Publish(peer, 0);
        peer.Flush();
    }

    /// <summary>Notes a delivery.</summary>
    /// <returns>Whether it was one of a calm channel.</returns>
    public bool Received(Peer peer, int counter)
    {
        if (peer.Index < first) return false;
        _delays.Received(ChannelOf(peer.Index), counter);
        return true;
    }
}
