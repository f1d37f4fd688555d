using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// Asks the store again whether everybody who is subscribed here still may be: when another node's word about a change may
/// have been lost. One review at a time, few questions at once.
/// </summary>
internal sealed partial class AccessReview(RealtimeNode node, ILogger<AccessReview> logger)
{
    private const int AtOnce = 4;

    private readonly Channel<bool> _due = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly SemaphoreSlim _turns = new(AtOnce, AtOnce);

    /// <summary>Reviews all subscriptions, once more where that is under way.</summary>
    public void All() => _due.Writer.TryWrite(true);

    /// <summary>
    /// Ends a user's subscriptions to a channel where the store agrees: another node's word may come late, when the user is a
    /// member again.
    /// </summary>
    public void One(string channel, string user, string told)
    {
        if (node.Users.Of(user).Any(session => session.Channels.FindSubscription(channel) is not null)) _ = CheckAsync(channel, user, told);
    }

    /// <summary>Runs until the node stops.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var _ in _due.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                await ReviewAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async ValueTask ReviewAsync(CancellationToken cancellationToken)
    {
        var told = false;
        for (var due = Subscribers(); ;)
        {
            node.ForgetAccess();
            var undecided = new ConcurrentQueue<IGrouping<string, Subscription>>();
            await Parallel.ForEachAsync(
                due, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
                async (subscriber, cancel) =>
                {
                    try
                    {
                        await CheckAsync(subscriber, cancel).ConfigureAwait(false);
                    }
                    catch (Exception exception) when (!cancel.IsCancellationRequested)
                    {
                        // The others are to be asked about all the same: the host's rules may fail for one.
                        if (!Interlocked.Exchange(ref told, true)) LogFailed(exception);
                        undecided.Enqueue(subscriber);
                    }
                }).ConfigureAwait(false);
            if (undecided.IsEmpty) return;
            await Task.Delay(node.Options.RepairInterval, node.Time, cancellationToken).ConfigureAwait(false);
            // Who asked meanwhile wants everybody looked at.
            due = _due.Reader.TryRead(out _) ? Subscribers() : undecided;
        }
    }

    // Each user of each channel once, whatever the number of connections.
    private IEnumerable<IGrouping<string, Subscription>> Subscribers() => node.LocalChannels.All
        .SelectMany(static channel => channel.Readers().GroupBy(static subscription => subscription.Session.User, StringComparer.Ordinal));

    private async ValueTask CheckAsync(IGrouping<string, Subscription> subscriber, CancellationToken cancellationToken)
    {
        var channel = subscriber.First().Channel.Name;
        if (await FindReasonAsync(channel, subscriber.Key, cancellationToken).ConfigureAwait(false) is not { } reason) return;
        foreach (var subscription in subscriber) subscription.Session.Revoke(subscription, reason);
    }

    private async Task CheckAsync(string channel, string user, string told)
    {
        await _turns.WaitAsync().ConfigureAwait(false);
        try
        {
            if (await FindReasonAsync(channel, user, default).ConfigureAwait(false) is null) return;
        }
        catch (Exception exception)
        {
            // In doubt the word of the other node counts.
            LogBelieved(exception, channel);
        }
        finally
        {
            _turns.Release();
        }

        foreach (var session in node.Users.Of(user))
            if (session.Channels.FindSubscription(channel) is { } subscription) session.Revoke(subscription, told);
    }

    /// <summary>Why a user may not read a channel; null where the user may.</summary>
    private async ValueTask<string?> FindReasonAsync(string channel, string user, CancellationToken cancellationToken)
    {
        var view = await node.Directory.FindAsync(channel, user, cancellationToken).ConfigureAwait(false);
        if (view is null) return "deleted";
        var access = await node.Authorizer.AuthorizeAsync(
            new AccessRequest(user, ChannelOperation.Read, channel, view.Kind, view.Role), cancellationToken).ConfigureAwait(false);
        return access == Access.Allowed ? null : view.Role is null && view.Kind != ChannelKind.Public ? "removed" : "denied";
    }

    [LoggerMessage(47, LogLevel.Warning, "A subscription to channel {Channel} was ended on another node's word, because the store could not be asked.")]
    private partial void LogBelieved(Exception exception, string channel);

    [LoggerMessage(46, LogLevel.Warning, "Whether subscribers still may read their channels could not be asked; trying again at every repair interval.")]
    private partial void LogFailed(Exception exception);
}
