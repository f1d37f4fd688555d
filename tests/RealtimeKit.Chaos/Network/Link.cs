using System.Collections.Concurrent;
using RealtimeKit.Checking.Network;

namespace RealtimeKit.Chaos.Network;

/// <summary>
/// The network between two sides, with all connections through it. What is held back is late or its connection is reset: a
/// network never takes bytes out of the middle of a stream.
/// </summary>
internal sealed class Link(string name)
{
    private readonly ConcurrentDictionary<Pipe, bool> _pipes = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource _up = Opened();
    private TaskCompletionSource _down = Opened();
    private volatile LinkMode _mode;

    public string Name => name;

    public LinkMode Mode => _mode;

    /// <summary>Ends at once where bytes pass in this direction, else when they do again.</summary>
    public Task PassAsync(bool up)
    {
        lock (_gate) return (up ? _up : _down).Task;
    }

    /// <summary>Changes what the network does.</summary>
    /// <param name="mode">To what.</param>
    /// <param name="reset">Whether the connections that there are end, with what was held back.</param>
    public void Set(LinkMode mode, bool reset = false)
    {
        lock (_gate)
        {
            _mode = mode;
            if (reset || mode == LinkMode.Cut) ResetAll();
            Turn(ref _up, mode is LinkMode.Hold or LinkMode.HoldUp);
            Turn(ref _down, mode is LinkMode.Hold or LinkMode.HoldDown);
        }
    }

    /// <summary>Takes a connection in; false where the link is cut.</summary>
    public bool TryAdd(Pipe pipe)
    {
        lock (_gate)
        {
            if (_mode == LinkMode.Cut) return false;
            _pipes[pipe] = true;
            return true;
        }
    }

    public void Remove(Pipe pipe) => _pipes.TryRemove(pipe, out _);

    private void ResetAll()
    {
        foreach (var pipe in _pipes.Keys) pipe.Reset();
        _pipes.Clear();
    }

    private static void Turn(ref TaskCompletionSource gate, bool hold)
    {
        if (!hold) gate.TrySetResult();
        else if (gate.Task.IsCompleted) gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        open.SetResult();
        return open;
    }
}
