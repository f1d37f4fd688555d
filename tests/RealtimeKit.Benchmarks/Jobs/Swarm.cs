using System.Diagnostics;
using RealtimeKit.Benchmarks.Sockets;
using RealtimeKit.Benchmarks.Wires;

namespace RealtimeKit.Benchmarks.Jobs;

/// <summary>Clients of one server, each subscribed to a channel, and the counts of what reached them.</summary>
internal sealed class Swarm : ILoadEvents, IDisposable
{
    /// <summary>Those which connect at the same moment; beyond the kernel's queue they would wait for a second.</summary>
    private const int Connecting = 2000;

    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    private readonly List<Peer> _peers = [];
    private readonly Wire _wire;
    private long _kept = Stopwatch.GetTimestamp();
    private int _subscribed;

    public Swarm(Func<ILoadEvents, Wire> wire) => _wire = wire(this);

    public EventLoop Loop { get; } = new();

    public IReadOnlyList<Peer> Peers => _peers;

    public Wire Wire => _wire;

    public long Deliveries { get; private set; }

    public long Publishes { get; private set; }

    /// <summary>Called after a peer's acknowledgement, or a message of its own, has come.</summary>
    public Action<Peer>? Moved { get; set; }

    /// <summary>Called for every message that a peer gets: the peer, its publisher, its number.</summary>
    public Action<Peer, int, int>? Arrived { get; set; }

    public void Connect(int port, int count, Func<int, string> channel, int publishers = 0)
    {
        var upgraded = 0;
        Loop.RunUntil(
            () =>
            {
                while (upgraded < _peers.Count && _peers[upgraded].IsUpgraded)
                    upgraded++;
                while (_peers.Count < count && _peers.Count - upgraded < Connecting)
                {
                    var peer = new Peer(Loop, _wire, _peers.Count, channel(_peers.Count), publishers);
                    _peers.Add(peer);
                    peer.Connect(port);
                }

                return _subscribed == count;
            },
            TimeSpan.FromMinutes(2));
    }

    /// <summary>Puts a message of this peer, its channel's publisher of that number, into the loop's buffer.</summary>
    public void Publish(Peer peer, int publisher)
    {
        peer.Sent++;
        Publishes++;
        _wire.Publish(peer, peer.Sent, publisher, peer.Sent, Loop.Out);
    }

    public void Run(Func<bool> done, TimeSpan atMost) => Loop.RunUntil(
        () =>
        {
            KeepAlives();
            return done();
        },
        atMost);

    /// <summary>Publishes nothing for a while, and answers pings.</summary>
    public void Rest(TimeSpan time)
    {
        var start = Stopwatch.GetTimestamp();
        Run(() => Stopwatch.GetElapsedTime(start) > time, TimeSpan.FromMinutes(1));
    }

    public void Subscribed(Peer peer) => _subscribed++;

    public void Delivered(Peer peer, int publisher, int counter)
    {
        Deliveries++;
        Arrived?.Invoke(peer, publisher, counter);
    }

    public void Acknowledged(Peer peer, int request)
    {
        if (request != peer.Acknowledged + 1)
            throw new InvalidOperationException($"Acknowledgement {request} after {peer.Acknowledged}.");
        peer.Acknowledged++;
        Moved?.Invoke(peer);
    }

    public void Dispose()
    {
        foreach (var peer in _peers)
            peer.Dispose();
        Loop.Dispose();
    }

    /// <summary>Clients of either kind are dropped if they say nothing for long; those of SignalR speak every 15 seconds.</summary>
    private void KeepAlives()
    {
        if (Stopwatch.GetElapsedTime(_kept) < KeepAlive)
            return;
        _kept = Stopwatch.GetTimestamp();
        foreach (var peer in _peers)
        {
            if (_wire.KeepAlive(Loop.Out))
                peer.Flush();
        }
    }
}
