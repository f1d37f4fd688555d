using System.Collections.Concurrent;
using RealtimeKit.Delivery;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;

namespace RealtimeKit.Nodes;

/// <summary>What all nodes may be asked, each answering with a number.</summary>
internal enum NodeCall : byte
{
    /// <summary>How many connections has the user?</summary>
    CountConnections = 1,

    /// <summary>Close the user's connections: how many were there?</summary>
    Disconnect = 2,
}

/// <summary>
/// Questions to all other nodes. One that does not answer is asked again, and after three times given up: the broker may
/// lose, and a node may be gone.
/// </summary>
internal sealed class NodeCalls(OtherNodes nodes, UserSessions users, Distributor distributor, TimeProvider time)
{
    private const int Attempts = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<long, Call> _calls = [];
    private long _lastId;

    /// <summary>Asks, and adds up what the nodes answer.</summary>
    public async Task<int> AskAllAsync(NodeCall what, string user, string reason, CancellationToken cancellationToken)
    {
        var call = new Call(nodes.Ids);
        var id = Interlocked.Increment(ref _lastId);
        _calls[id] = call;
        try
        {
            for (var attempt = 0; attempt < Attempts && !call.Done.IsCompleted; attempt++)
            {
                Send(what, id, user, reason);
                await call.Done.WaitAsync(Patience, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellationToken.ThrowIfCancellationRequested();
            }

            return call.Sum;
        }
        finally
        {
            _calls.TryRemove(id, out _);
        }
    }

    /// <summary>Does what another node asks, and answers.</summary>
    public void Answer(Guid from, long id, string user, ref NodeNoticeReader reader)
    {
        var what = (NodeCall)reader.ReadByte();
        if (reader.IsFaulty || what is not (NodeCall.CountConnections or NodeCall.Disconnect)) return;
        var count = what == NodeCall.Disconnect ? users.Disconnect(user, reader.ReadText()) : users.Of(user).Count;
        using var body = new FrameBuffer();
        NodeNotices.Write(body, from);
        NodeNotices.Write(body, (uint)count);
        distributor.PublishToNodes(BrokerNotice.Answer, id, body.WrittenSpan);
    }

    /// <summary>Takes an answer.</summary>
    public void Take(Guid from, long id, ref NodeNoticeReader reader)
    {
        if (reader.ReadGuid() != distributor.NodeId) return;
        var count = reader.ReadUInt32();
        if (!reader.IsFaulty && _calls.TryGetValue(id, out var call)) call.Take(from, (int)Math.Min(count, int.MaxValue / 2));
    }

    /// <summary>A node is gone: nobody waits for its answer.</summary>
    public void Forget(Guid peer)
    {
        foreach (var call in _calls.Values) call.Take(peer, 0);
    }

    private void Send(NodeCall what, long id, string user, string reason)
    {
        using var body = new FrameBuffer();
        NodeNotices.Write(body, (byte)what);
        body.Append(System.Text.Encoding.UTF8.GetBytes(reason));
        distributor.PublishToNodes(BrokerNotice.Call, id, body.WrittenSpan, user);
    }

    private sealed class Call
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly HashSet<Guid> _waiting;
        private int _sum;

        public Call(IEnumerable<Guid> nodes)
        {
            _waiting = [.. nodes];
            if (_waiting.Count == 0) _done.TrySetResult();
        }

        public Task Done => _done.Task;

        public int Sum => Volatile.Read(ref _sum);

        public void Take(Guid from, int count)
        {
            lock (_waiting)
            {
                if (!_waiting.Remove(from)) return;
                _sum += count;
                if (_waiting.Count == 0) _done.TrySetResult();
            }
        }
    }
}
