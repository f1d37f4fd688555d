using RealtimeKit.Benchmarks.Processes;
using RealtimeKit.Benchmarks.Sockets;

namespace RealtimeKit.Benchmarks.Jobs;

/// <summary>
/// One channel with many subscribers, a few of which publish with many messages outstanding. One counts as outstanding
/// until it is acknowledged; with <c>--until returned</c> until its own publisher has got it too, so that no server can run
/// ahead of its readers.
/// </summary>
internal sealed class FanOutJob(Arguments arguments) : IJob
{
    private readonly int _subscribers = arguments.Number("subscribers", 1000);
    private readonly int _publishers = arguments.Number("publishers", 4);
    private readonly int _outstanding = arguments.Number("outstanding", 32);
    private readonly bool _untilReturned = arguments.Text("until", "acknowledged") == "returned";

    public string Name => $"1 channel, {_subscribers:n0} subscribers, {_publishers} publishers with {_outstanding} outstanding each";

    public string Unit => "server CPU s per million deliveries";

    public double Target => 0.35;

    public int Channels => 1;

    public async Task<Measurement> MeasureAsync(Contender contender, ServerProcess server)
    {
        using var swarm = new Swarm(contender.Wire);
        Func<bool> goOn = () => false;
        swarm.Moved = Fill;
        swarm.Arrived = (peer, publisher, _) =>
        {
            if (peer.Index != publisher)
                return;
            peer.Returned++;
            if (_untilReturned)
                Fill(peer);
        };
        swarm.Connect(server.Port, _subscribers, _ => "c0", _publishers);
        return await DeliveryWindow.MeasureAsync(
            swarm,
            server,
            _subscribers,
            TimeSpan.FromSeconds(arguments.Number("warmup", 45)),
            arguments.Number("fanout-publishes", 10_000),
            condition =>
            {
                goOn = condition;
                foreach (var peer in swarm.Peers.Take(_publishers))
                {
                    Fill(peer);
                    peer.Flush();
                }
            });

        void Fill(Peer peer)
        {
            var ended = _untilReturned ? Math.Min(peer.Acknowledged, peer.Returned) : peer.Acknowledged;
            while (peer.Sent - ended < _outstanding && goOn())
                swarm.Publish(peer, peer.Index);
        }
    }
}
