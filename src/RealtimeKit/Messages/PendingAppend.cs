using System.Diagnostics;
using RealtimeKit.Stores;

namespace RealtimeKit.Messages;

/// <summary>A change on its way into the store, and what to do when it is decided.</summary>
/// <param name="user">Whose change it is: the users take turns.</param>
/// <param name="change">The change.</param>
internal abstract class PendingAppend(string user, MessageChange change)
{
    public string User => user;

    public MessageChange Change => change;

    /// <summary>The bytes of the content that it brings.</summary>
    public int Bytes { get; } = ChangeRules.SizeOf(change);

    /// <summary>The next of its user that waits.</summary>
    public PendingAppend? Next { get; set; }

    /// <summary>When it came into the queue, if that is being measured, else 0.</summary>
    public long Started { get; set; }

    /// <summary>Its span, if somebody listens.</summary>
    public Activity? Activity { get; set; }

    /// <summary>Whether it has ended, one way or another.</summary>
    public bool IsDecided { get; set; }

    /// <summary>Ends it at once where one before it in its stream was refused.</summary>
    public virtual bool TryRefuse() => false;

    /// <summary>Called after the commit; returns at once and does not throw.</summary>
    public abstract void Complete(AppendResult result);

    /// <summary>Called where nothing was committed; returns at once and does not throw.</summary>
    public abstract void Fail(Exception exception);
}

/// <summary>A change whose submitter waits for it.</summary>
internal sealed class AwaitedAppend(string user, MessageChange change) : PendingAppend(user, change)
{
    private readonly TaskCompletionSource<AppendResult> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<AppendResult> Task => _done.Task;

    public override void Complete(AppendResult result) => _done.TrySetResult(result);

    public override void Fail(Exception exception) => _done.TrySetException(exception);
}
