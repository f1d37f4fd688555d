using RealtimeKit.Simulation.Runs;
using RealtimeKit.Simulation.Time;

namespace RealtimeKit.Simulation.Network;

/// <summary>A connection of a client to a node: messages in both directions, and what becomes of it when the network or a side fails.</summary>
internal sealed class SimulatedConnection
{
    private readonly Scheduler _scheduler;
    private readonly IReadOnlyList<SimulatedLink> _links;
    private readonly Conditions _conditions;
    private readonly End _client;
    private readonly End _server;

    public SimulatedConnection(Scheduler scheduler, IReadOnlyList<SimulatedLink> links, SimulatedProcess server, Conditions conditions)
    {
        (_scheduler, _links, _conditions) = (scheduler, links, conditions);
        _client = new End(this, null, new Lane(scheduler, links, up: true, server, conditions.Delay));
        _server = new End(this, server, new Lane(scheduler, links, up: false, null, conditions.Delay, conditions.Carrying));
        (_client.Peer, _server.Peer) = (_server, _client);
        foreach (var link in links) link.Add(this);
    }

    public End Client => _client;

    public End Server => _server;

    /// <summary>The network loses it: both sides learn it a moment later.</summary>
    public void Reset()
    {
        Forget();
        _client.Out.Break();
        _server.Out.Break();
        _scheduler.After(_conditions.Delay(), _client.Process, _client.Lose);
        _scheduler.After(_conditions.Delay(), _server.Process, _server.Lose);
    }

    private void Forget()
    {
        foreach (var link in _links) link.Remove(this);
    }

    /// <summary>One end of it.</summary>
    internal sealed class End(SimulatedConnection connection, SimulatedProcess? process, Lane lane)
    {
        private readonly Inbox _inbox = new();
        private TaskCompletionSource? _room;
        private int _underWay;
        private bool _closed;

        public End Peer { get; set; } = null!;

        public SimulatedProcess? Process => process;

        public Lane Out => lane;

        public bool IsLost { get; private set; }

        /// <summary>Sends a message, and ends when there is room for more.</summary>
        /// <exception cref="IOException">The connection is lost.</exception>
        public async Task SendAsync(Parcel parcel)
        {
            if (IsLost) throw new IOException("The simulated connection is lost.");
            if (_closed) return;
            _closed = parcel.Close is not null;
            _underWay += parcel.Bytes.Length;
            connection._scheduler.Note(parcel.Bytes.Length);
            lane.Send(() => Peer._inbox.Put(parcel), parcel.Bytes.Length);
            if (_underWay <= connection._conditions.ConnectionBuffer || _closed) return;
            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await _room.Task;
            if (IsLost) throw new IOException("The simulated connection is lost.");
        }

        public Task<Parcel?> ReceiveAsync()
        {
            _inbox.Taken = parcel => connection._scheduler.After(connection._conditions.Delay(), Peer.Process, () => Peer.NoteTaken(parcel.Bytes.Length));
            return _inbox.TakeAsync();
        }

        /// <summary>Ends it from here: the other side learns it when the network lets it.</summary>
        public void Abort()
        {
            if (IsLost) return;
            Lose();
            lane.Send(Peer.Lose);
        }

        public void Lose()
        {
            if (IsLost) return;
            IsLost = true;
            if (Peer.IsLost) connection.Forget();
            _inbox.End();
            _room?.TrySetResult();
        }

        private void NoteTaken(int bytes)
        {
            _underWay -= bytes;
            if (_underWay > connection._conditions.ConnectionBuffer || _room is null) return;
            _room.TrySetResult();
            _room = null;
        }
    }
}
