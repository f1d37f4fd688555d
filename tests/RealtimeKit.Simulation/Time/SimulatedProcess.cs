namespace RealtimeKit.Simulation.Time;

/// <summary>A process: it may stand still for a time, and it may die. Nothing happens in it then.</summary>
internal sealed class SimulatedProcess(Scheduler scheduler)
{
    private readonly Queue<Action> _held = new();

    public bool IsDead { get; private set; }

    public bool IsPaused { get; private set; }

    public void Pause() => IsPaused = true;

    /// <summary>It goes on, and gets all that came meanwhile.</summary>
    public void Resume()
    {
        IsPaused = false;
        for (var delay = 0L; _held.TryDequeue(out var action); delay++) scheduler.At(scheduler.Now + delay, this, action);
    }

    public void Kill()
    {
        IsDead = true;
        _held.Clear();
    }

    public void Do(Action action)
    {
        if (IsDead) return;
        if (IsPaused) _held.Enqueue(action);
        else action();
    }
}
