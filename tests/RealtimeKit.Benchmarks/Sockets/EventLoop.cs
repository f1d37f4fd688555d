using System.Diagnostics;
using System.Runtime.InteropServices;

namespace RealtimeKit.Benchmarks.Sockets;

/// <summary>All sockets of the load on one thread: wait, read what has come, let the wire answer.</summary>
internal sealed class EventLoop : IDisposable
{
    private readonly int _epoll = Native.CreateEpoll();
    private readonly byte[] _events = new byte[512 * Native.EventSize];
    private readonly byte[] _scratch = new byte[8 << 20];
    private readonly List<Peer> _peers = [];

    /// <summary>What is being built for the peer whose turn it is.</summary>
    public FrameBuffer Out { get; } = new();

    public void Add(Peer peer, int fd)
    {
        if (peer.Index != _peers.Count)
            throw new InvalidOperationException("Peers join a loop in the order of their numbers.");
        _peers.Add(peer);
        Native.Control(_epoll, Native.Add, fd, Native.Writable, peer.Index);
    }

    public void Watch(Peer peer, int fd, uint events) => Native.Control(_epoll, Native.Modify, fd, events, peer.Index);

    /// <summary>Runs until <paramref name="done"/>, which is asked after every batch of events.</summary>
    public void RunUntil(Func<bool> done, TimeSpan atMost, int pollMilliseconds = 100)
    {
        var start = Stopwatch.GetTimestamp();
        while (!done())
        {
            Turn(pollMilliseconds);
            if (Stopwatch.GetElapsedTime(start) > atMost)
                throw new TimeoutException($"The job has not ended within {atMost}.");
        }
    }

    public void Dispose() => Native.Close(_epoll);

    private void Turn(int milliseconds)
    {
        var count = Native.Wait(_epoll, _events, milliseconds);
        for (var i = 0; i < count; i++)
        {
            var item = _events.AsSpan(i * Native.EventSize, Native.EventSize);
            var events = MemoryMarshal.Read<uint>(item);
            var peer = _peers[MemoryMarshal.Read<int>(item[Native.EventDataOffset..])];
            if ((events & Native.Writable) != 0)
                peer.OnWritable();
            if ((events & ~Native.Writable) != 0)
                peer.OnReadable(_scratch);
        }
    }
}
