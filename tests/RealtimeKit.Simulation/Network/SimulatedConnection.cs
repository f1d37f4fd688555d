using RealtimeKit.Simulation.Time;

namespace RealtimeKit.Simulation.Network;

/// <summary>A connection of a client to a node: messages in both directions, and what becomes of it when the network or a side fails.</summary>
internal sealed class SimulatedConnection
{
    // As much as the buffers of two sockets hold.
    private const int Window = 128 * 1_024;
    private readonly Scheduler _scheduler;
    private readonly IReadOnlyList<SimulatedLink> _links;
    private readonly Func<TimeSpan> _delay;
    private readonly End _client;
    private readonly End _server;

    public SimulatedConnection(Scheduler scheduler, IReadOnlyList<SimulatedLink> links, SimulatedProcess server, Func<TimeSpan> delay)
    {
        (_scheduler, _links, _delay) = (scheduler, links, delay);
        _client = new End(this, null, new Lane(scheduler, links, up: true, server, delay));
        _server = new End(this, server, new Lane(scheduler, links, up: false, null, delay));
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
        _scheduler.After(_delay(), _client.Process, _client.Lose);
        _scheduler.After(_delay(), _server.Process, _server.Lose);
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
            lane.Send(() => Peer._inbox.Put(parcel));
            if (_underWay <= Window || _closed) return;
            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await _room.Task;
            if (IsLost) throw new IOException("The simulated connection is lost.");
        }

        public Task<Parcel?> ReceiveAsync()
        {
            _inbox.Taken = parcel => connection._scheduler.After(connection._delay(), Peer.Process, () => Peer.NoteTaken(parcel.Bytes.Length));
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
            if (_underWay > Window || _room is null) return;
            _room.TrySetResult();
            _room = null;
        }
    }
}
