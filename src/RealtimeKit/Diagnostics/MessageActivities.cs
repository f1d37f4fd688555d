using System.Diagnostics;

namespace RealtimeKit;

/// <summary>
/// The spans of a message's way: from the queue to its commit, the commit that it shares with others, and its delivery on
/// each node. They cost nothing while nobody listens.
/// </summary>
internal static class MessageActivities
{
    private static readonly ActivitySource Source = new(RealtimeDiagnostics.ActivitySourceName);

    /// <summary>Begins a change's way into the store. Whoever works on here is not part of it.</summary>
    public static Activity? StartAppend(MessageChange change)
    {
        if (!Source.HasListeners()) return null;
        var outside = Activity.Current;
        var activity = Source.StartActivity("append", ActivityKind.Producer);
        activity?.SetTag("messaging.system", "realtimekit").SetTag("messaging.destination.name", change.Channel).SetTag("realtimekit.kind", Kind(change));
        Activity.Current = outside;
        return activity;
    }

    /// <summary>Begins a commit, which belongs to as many traces as it carries changes.</summary>
    /// <param name="appends">The spans of the changes, where there are any.</param>
    /// <param name="count">How many changes the commit carries.</param>
    public static Activity? StartCommit(IEnumerable<Activity?> appends, int count)
    {
        if (!Source.HasListeners()) return null;
        var links = appends.OfType<Activity>().Select(append => new ActivityLink(append.Context));
        return Source.StartActivity("commit", ActivityKind.Internal, default(ActivityContext), tags: null, links: links)
            ?.SetTag("messaging.batch.message_count", count);
    }

    /// <summary>Ends a change's way into the store.</summary>
    public static void End(Activity? activity, AppendOutcome outcome)
    {
        if (activity is null) return;
        activity.SetTag("realtimekit.outcome", outcome.ToString());
        activity.Dispose();
    }

    /// <summary>Ends a change's way that led to no commit.</summary>
    public static void Fail(Activity? activity, Exception exception)
    {
        if (activity is null) return;
        activity.SetStatus(ActivityStatusCode.Error, exception.GetType().Name);
        activity.Dispose();
    }

    /// <summary>Begins the delivery to this node's readers of what was appended here or elsewhere.</summary>
    public static Activity? StartDelivery(string channel, ActivityContext append) =>
        append == default ? null
        : Source.StartActivity("deliver", ActivityKind.Consumer, append)
            ?.SetTag("messaging.system", "realtimekit").SetTag("messaging.destination.name", channel);

    private static string Kind(MessageChange change) => change switch
    {
        PostChange => "posted",
        EditChange => "edited",
        DeleteChange => "deleted",
        _ => "reacted",
    };
}
