using RealtimeKit.Benchmarks.Processes;
using RealtimeKit.Benchmarks.Sockets;

namespace RealtimeKit.Benchmarks.Jobs;

/// <summary>
/// Many small channels with one message outstanding in each: when all members have it and its publisher the acknowledgement,
/// the next member publishes.
/// </summary>
internal sealed class RoomsJob(Arguments arguments) : IJob
{
    private readonly int _members = arguments.Number("members", 4);

    public string Name => $"{Channels:n0} channels of {_members} members, one message outstanding in each";

    public string Unit => "server CPU s per million deliveries";

    public double Target => 0.75;

    public int Channels { get; } = arguments.Number("rooms", 500);

    public async Task<Measurement> MeasureAsync(Contender contender, ServerProcess server)
    {
        using var swarm = new Swarm(contender.Wire);
        Func<bool> goOn = () => false;
        // What is still missing in each room: its deliveries and the acknowledgement.
        var missing = new int[Channels];
        var turn = new int[Channels];
        swarm.Moved = Count;
        swarm.Arrived = (peer, _, _) => Count(peer);
        swarm.Connect(server.Port, Channels * _members, x => $"c{x / _members}", _members);
        return await DeliveryWindow.MeasureAsync(
            swarm,
            server,
            _members,
            TimeSpan.FromSeconds(arguments.Number("warmup", 45)),
            arguments.Number("rooms-publishes", 150_000),
            condition =>
            {
                goOn = condition;
                for (var room = 0; room < Channels; room++)
                    Next(room);
            });

        void Count(Peer peer)
        {
            var room = peer.Index / _members;
            if (--missing[room] == 0 && goOn())
                Next(room);
        }

        // Another peer than the one whose turn it is in the loop may write: what that one has built goes first.
        void Next(int room)
        {
            missing[room] = _members + 1;
            var publisher = turn[room]++ % _members;
            var peer = swarm.Peers[(room * _members) + publisher];
            swarm.Publish(peer, publisher);
            peer.Flush();
        }
    }
}
