using RealtimeKit.Simulation.Time;

namespace RealtimeKit.Simulation.Network;

/// <summary>One direction of a connection: what is sent arrives in its order, each after a delay of its own.</summary>
/// <param name="scheduler">Where time passes.</param>
/// <param name="links">The networks that it goes through.</param>
/// <param name="up">Whether it goes from the client's side to the server's.</param>
/// <param name="receiver">The process where it arrives.</param>
/// <param name="delay">Says how long the next takes.</param>
/// <param name="busy">Says for how long nothing else passes than what has so many bytes.</param>
internal sealed class Lane(
    Scheduler scheduler, IReadOnlyList<SimulatedLink> links, bool up, SimulatedProcess? receiver, Func<TimeSpan> delay, Func<int, TimeSpan>? busy = null)
{
    // How often it looks whether a network that holds it back passes again.
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);
    private readonly Queue<(long Due, int Bytes, Action Arrive)> _underWay = new();
    private long _last;
    private bool _armed;
    private bool _broken;

    public void Send(Action arrive, int bytes = 0)
    {
        if (_broken) return;
        _last = Math.Max(scheduler.Now + delay().Ticks, _last + 1);
        _underWay.Enqueue((_last, bytes, arrive));
        if (!_armed) Arm();
    }

    /// <summary>Loses what is under way.</summary>
    public void Clear() => _underWay.Clear();

    /// <summary>Loses what is under way and whatever is sent from now on.</summary>
    public void Break()
    {
        _broken = true;
        Clear();
    }

    private void Arm()
    {
        _armed = true;
        var (due, bytes, _) = _underWay.Peek();
        scheduler.At(Math.Max(due, scheduler.Now + (busy?.Invoke(bytes).Ticks ?? 0)), receiver, Arrive);
    }

    private void Arrive()
    {
        _armed = false;
        if (_underWay.Count == 0) return;
        foreach (var link in links)
        {
            if (!link.Holds(up)) continue;
            _armed = true;
            scheduler.After(Step, receiver, Arrive);
            return;
        }

        var (due, _, arrive) = _underWay.Peek();
        if (due <= scheduler.Now)
        {
            _underWay.Dequeue();
            arrive();
        }

        if (_underWay.Count > 0 && !_armed) Arm();
    }
}
