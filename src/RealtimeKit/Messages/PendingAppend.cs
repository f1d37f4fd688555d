using System.Diagnostics;
using RealtimeKit.Stores;

namespace RealtimeKit.Messages;

/// <summary>A change on its way into the store, and what to do when it is decided.</summary>
/// <param name="user">Whose change it is: the users take turns.</param>
/// <param name="change">The change.</param>
internal abstract class PendingAppend(string user, MessageChange change)
{
    public string User => user;

    public MessageChange Change { get; protected set; } = change;

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

    /// <summary>
    /// Called with each result, in the order of the batch: whether <see cref="DecideAgainAsync"/> is to be called before it is answered. So it is
    /// where the change was permitted at another revision than there is by now, and where it stands behind such a one of its stream.
    /// </summary>
    public virtual bool IsToBeDecidedAgain(AppendResult result) => false;

    /// <summary>Whether that is so, and the change is not decided yet.</summary>
    public bool IsStale { get; set; }

    /// <summary>
    /// Called for each change of a batch, in their order, before the commit. One that stands behind another of its stream bears no later
    /// revision than that one, so that it is not stored where that one is stale.
    /// </summary>
    /// <param name="batch">The batch's number.</param>
    public virtual void JoinBatch(long batch)
    {
    }

    /// <summary>Decides again whether the change is permitted. Then it is appended again, and answered in its order.</summary>
    /// <exception cref="StoreUnavailableException">That cannot be found out now.</exception>
    public virtual ValueTask DecideAgainAsync() => ValueTask.CompletedTask;

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
