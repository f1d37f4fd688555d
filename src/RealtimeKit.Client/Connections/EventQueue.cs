namespace RealtimeKit.Client;

/// <summary>Raises events in their order, one at a time, on threads of the pool: whoever adds one waits for no handler.</summary>
/// <param name="raise">Raises one.</param>
/// <param name="limit">How many events wait for a handler that does not return; beyond it the oldest is left out.</param>
internal sealed class EventQueue<T>(Action<T> raise, int limit)
{
    private readonly Lock _gate = new();
    private readonly Queue<T> _waiting = [];
    private bool _raising;

    public void Add(T value)
    {
        lock (_gate)
        {
            if (_waiting.Count == limit) _waiting.Dequeue();
            _waiting.Enqueue(value);
            if (_raising) return;
            _raising = true;
        }

        _ = Task.Run(RaiseAll);
    }

    private void RaiseAll()
    {
        while (TryTake(out var value)) raise(value);
    }

    private bool TryTake([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T value)
    {
        lock (_gate) return _raising = _waiting.TryDequeue(out value);
    }
}
