using RealtimeKit.Benchmarks.Sockets;

namespace RealtimeKit.Benchmarks.Wires;

/// <summary>What a wire tells the job that runs on it.</summary>
internal interface ILoadEvents
{
    void Subscribed(Peer peer);

    void Delivered(Peer peer, int publisher, int counter);

    void Acknowledged(Peer peer, int request);
}
