namespace RealtimeKit.Sqlite.Database;

/// <summary>A piece of work that waits for the writer. Its caller may give it up as long as it has not begun.</summary>
internal abstract class PendingWrite(bool isBare)
{
    private int _isTaken;

    /// <summary>Whether it runs alone and outside any transaction.</summary>
    public bool IsBare { get; } = isBare;

    /// <summary>Takes it, to be begun or given up: only the first to ask gets it.</summary>
    public bool TryTake() => Interlocked.Exchange(ref _isTaken, 1) == 0;

    /// <summary>Whether it was answered.</summary>
    public abstract bool IsAnswered { get; }

    /// <summary>Does the work and keeps its result until the commit.</summary>
    public abstract void Run(SqliteSession session);

    /// <summary>Answers with the result, once that is durable.</summary>
    public abstract void Complete();

    /// <summary>Answers with a failure, where nothing of it is stored. What was answered before stays.</summary>
    public abstract void Fail(Exception error);
}

/// <summary>A piece of work with a result.</summary>
internal sealed class PendingWrite<T> : PendingWrite
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Func<SqliteSession, T> _body;
    private readonly CancellationTokenRegistration _registration;
    private T? _result;

    public PendingWrite(Func<SqliteSession, T> body, bool isBare, CancellationToken cancellationToken) : base(isBare)
    {
        _body = body;
        _registration = cancellationToken.UnsafeRegister(static (write, token) => ((PendingWrite<T>)write!).GiveUp(token), this);
    }

    public Task<T> Task => _done.Task;

    public override bool IsAnswered => _done.Task.IsCompleted;

    public override void Run(SqliteSession session) => _result = _body(session);

    public override void Complete()
    {
        _registration.Unregister();
        _done.TrySetResult(_result!);
    }

    public override void Fail(Exception error)
    {
        _registration.Unregister();
        _done.TrySetException(error);
    }

    private void GiveUp(CancellationToken cancellationToken)
    {
        if (TryTake()) _done.TrySetCanceled(cancellationToken);
    }
}
