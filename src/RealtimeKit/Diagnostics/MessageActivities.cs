using System.Diagnostics;

namespace RealtimeKit.Diagnostics;

/// <summary>
/// The spans of a message's way: from the queue to its commit, the commit that it shares with others, and its delivery on
/// each node. They cost nothing while nobody listens. Safe for concurrent use.
/// </summary>
internal sealed class MessageActivities(HostListeners listeners)
{
    private static readonly ActivitySource Source = new(RealtimeDiagnostics.ActivitySourceName);

    /// <summary>Begins a change's way into the store. Whoever works on here is not part of it.</summary>
    public Activity? StartAppend(MessageChange change)
    {
        if (!Source.HasListeners()) return null;
        var outside = Activity.Current;
        try
        {
            return Source.StartActivity("append", ActivityKind.Producer)
                ?.SetTag("messaging.system", "realtimekit").SetTag("messaging.destination.name", change.Channel).SetTag("realtimekit.kind", Kind(change));
        }
        catch (Exception exception)
        {
            listeners.Failed(exception);
            return null;
        }
        finally
        {
            Activity.Current = outside;
        }
    }

    /// <summary>Begins a commit, which belongs to as many traces as it carries changes.</summary>
    /// <param name="appends">The spans of the changes, where there are any.</param>
    /// <param name="count">How many changes the commit carries.</param>
    public Activity? StartCommit(IEnumerable<Activity?> appends, int count)
    {
        if (!Source.HasListeners()) return null;
        var outside = Activity.Current;
        try
        {
            var links = appends.OfType<Activity>().Select(append => new ActivityLink(append.Context));
            return Source.StartActivity("commit", ActivityKind.Internal, default(ActivityContext), tags: null, links: links)
                ?.SetTag("messaging.batch.message_count", count);
        }
        catch (Exception exception)
        {
            listeners.Failed(exception);
            Activity.Current = outside;
            return null;
        }
    }

    /// <summary>Ends a change's way into the store.</summary>
    public void End(Activity? activity, AppendOutcome outcome)
    {
        if (activity is null) return;
        activity.SetTag("realtimekit.outcome", outcome.ToString());
        End(activity);
    }

    /// <summary>Ends a change's or a commit's way, with the error that it ended by.</summary>
    public void End(Activity? activity, Exception? error = null)
    {
        if (activity is null) return;
        if (error is not null) activity.SetStatus(ActivityStatusCode.Error, error.GetType().Name);
        try
        {
            activity.Dispose();
        }
        catch (Exception exception)
        {
            listeners.Failed(exception);
        }
    }

    /// <summary>Begins the delivery to this node's readers of what was appended here or elsewhere.</summary>
    public Activity? StartDelivery(string channel, ActivityContext append)
    {
        if (append == default) return null;
        var outside = Activity.Current;
        try
        {
            return Source.StartActivity("deliver", ActivityKind.Consumer, append)
                ?.SetTag("messaging.system", "realtimekit").SetTag("messaging.destination.name", channel);
        }
        catch (Exception exception)
        {
            listeners.Failed(exception);
            Activity.Current = outside;
            return null;
        }
    }

    private static string Kind(MessageChange change) => change switch
    {
        PostChange => "posted",
        EditChange => "edited",
        DeleteChange => "deleted",
        PinChange => "pinned",
        _ => "reacted",
    };
}
