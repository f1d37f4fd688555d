namespace RealtimeKit.Simulation.Network;

/// <summary>What arrived at one end of a connection and was not taken yet.</summary>
internal sealed class Inbox
{
    private readonly Queue<Parcel> _arrived = new();
    private TaskCompletionSource<Parcel?>? _waiting;
    private bool _ended;

    /// <summary>Called for each that is taken.</summary>
    public Action<Parcel> Taken { get; set; } = _ => { };

    public void Put(Parcel parcel)
    {
        if (_ended) return;
        if (_waiting is { } waiting)
        {
            _waiting = null;
            Taken(parcel);
            waiting.TrySetResult(parcel);
        }
        else
        {
            _arrived.Enqueue(parcel);
        }
    }

    /// <summary>Nothing more comes, and what was not taken is lost.</summary>
    public void End()
    {
        _ended = true;
        _arrived.Clear();
        _waiting?.TrySetResult(null);
        _waiting = null;
    }

    /// <summary>Gives the next; nothing where the connection was lost.</summary>
    public Task<Parcel?> TakeAsync()
    {
        if (_arrived.TryDequeue(out var parcel))
        {
            Taken(parcel);
            return Task.FromResult<Parcel?>(parcel);
        }

        if (_ended) return Task.FromResult<Parcel?>(null);
        _waiting = new TaskCompletionSource<Parcel?>(TaskCreationOptions.RunContinuationsAsynchronously);
        return _waiting.Task;
    }
}

/// <summary>A message, or the close.</summary>
internal sealed record Parcel(byte[] Bytes, (int Code, string Reason)? Close = null);
