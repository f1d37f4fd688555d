using RealtimeKit.Brokers;
using RealtimeKit.Simulation.Network;
using RealtimeKit.Simulation.Runs;
using RealtimeKit.Simulation.Time;

namespace RealtimeKit.Simulation.Servers;

/// <summary>A node's connection to the broker: it loses, doubles and reorders as the contract allows, breaks, and comes back.</summary>
/// <param name="scheduler">Where time passes.</param>
/// <param name="server">The broker.</param>
/// <param name="link">The network between.</param>
/// <param name="process">The node.</param>
/// <param name="conditions">How well it all works.</param>
internal sealed class SimulatedBroker(
    Scheduler scheduler, SimulatedBrokerServer server, SimulatedLink link, SimulatedProcess process, Conditions conditions) : IMessageBroker
{
    // How soon the node finds that nothing passes, and how often it tries to connect.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(200);
    // What the node keeps for a broker that is slower; above it notices are dropped.
    private const int MostUnconfirmed = 200;
    private readonly HashSet<string> _subscriptions = new(StringComparer.Ordinal);
    private IBrokerReceiver? _receiver;
    private Lane? _out;
    private Lane? _in;
    private List<string> _unconfirmed = [];
    private (int Losses, int Resets) _made;
    private long _passedAt;
    private int _purges;

    public bool PrefersHeads => server.PrefersHeads;

    private bool IsConnected => _out is not null;

    public ValueTask StartAsync(IBrokerReceiver receiver, CancellationToken cancellationToken)
    {
        _receiver = receiver;
        server.Nodes.Add(this);
        if (CanConnect) Connect();
        else receiver.ConnectionLost();
        scheduler.After(Step, process, Watch);
        return ValueTask.CompletedTask;
    }

    public void Publish(string channel, ReadOnlySpan<byte> payload)
    {
        if (_out is not { } lane || _unconfirmed.Count >= MostUnconfirmed)
        {
            _receiver!.PublishLost(channel);
            return;
        }

        var copy = payload.ToArray();
        var unconfirmed = _unconfirmed;
        unconfirmed.Add(channel);
        lane.Send(() =>
        {
            unconfirmed.Remove(channel);
            FanOut(channel, copy);
        });
    }

    public async ValueTask SubscribeAsync(string channel, CancellationToken cancellationToken)
    {
        if (_out is not { } lane || PrefersHeads)
        {
            // It takes effect with the next connection, and then the node compares with the store. By LISTEN a node gets everything already.
            _subscriptions.Add(channel);
            return;
        }

        var subscribed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lane.Send(() =>
        {
            _subscriptions.Add(channel);
            _in?.Send(() => subscribed.TrySetResult());
        });
        _lost += () =>
        {
            _subscriptions.Add(channel);
            subscribed.TrySetResult();
        };
        await subscribed.Task;
    }

    public ValueTask UnsubscribeAsync(string channel, CancellationToken cancellationToken)
    {
        _subscriptions.Remove(channel);
        return ValueTask.CompletedTask;
    }

    /// <summary>The notices that wait for the node at the broker are thrown away; answers to the node are not notices.</summary>
    public void Purge() => _purges++;

    private bool CanConnect => server.IsUp && link.Passes;

    private Action? _lost;

    private void Connect()
    {
        _made = (server.Losses, link.Resets);
        _passedAt = scheduler.Now;
        _out = new Lane(scheduler, [link], up: true, null, conditions.Delay, _ => conditions.Announcing());
        _in = new Lane(scheduler, [link], up: false, process, conditions.Delay);
    }

    private void Watch()
    {
        if (IsConnected)
        {
            if (link.Passes) _passedAt = scheduler.Now;
            if (_made != (server.Losses, link.Resets) || !server.IsUp || TimeSpan.FromTicks(scheduler.Now - _passedAt) > Silence) Lose();
        }
        else if (CanConnect)
        {
            Connect();
            _receiver!.ConnectionRegained();
        }

        scheduler.After(Step + conditions.Delay(), process, Watch);
    }

    private void Lose()
    {
        _out!.Clear();
        _in!.Clear();
        (_out, _in) = (null, null);
        var unconfirmed = _unconfirmed;
        _unconfirmed = [];
        _receiver!.ConnectionLost();
        foreach (var channel in unconfirmed) _receiver.PublishLost(channel);
        _lost?.Invoke();
        _lost = null;
    }

    private void FanOut(string channel, byte[] payload)
    {
        if (!server.IsUp) return;
        foreach (var node in server.Nodes)
        {
            if (node == this || !node._subscriptions.Contains(channel)) continue;
            if (conditions.Happens(conditions.LosesNotices)) continue;
            node.Bring(channel, payload);
            if (conditions.Happens(conditions.DoublesNotices)) node.Bring(channel, payload);
        }
    }

    private void Bring(string channel, byte[] payload)
    {
        if (_in is not { } lane) return;
        var purges = _purges;
        void Arrive()
        {
            if (_in == lane && _purges == purges && _subscriptions.Contains(channel)) _receiver!.Receive(channel, payload);
        }

        if (conditions.ReordersNotices && conditions.Number(4) == 0) scheduler.After(8 * conditions.Delay(), process, Arrive);
        else lane.Send(Arrive);
    }
}
