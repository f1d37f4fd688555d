using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RealtimeKit.Delivery;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;
using RealtimeKit.Stores;

namespace RealtimeKit.Nodes;

/// <summary>
/// Rechecks against the store whether everybody who is subscribed here still may be, when another node's notice of a change
/// may have been lost. One recheck at a time, few questions at once.
/// </summary>
internal sealed partial class AccessRecheck(
    LocalChannels channels, UserSessions users, SessionAccess access, IChannelStore directory, IChannelAuthorizer authorizer, NodeClock clock, RealtimeOptions options,
    TimeProvider time, ILogger<AccessRecheck> logger)
{
    private const int AtOnce = 4;

    private readonly Channel<bool> _due = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly SemaphoreSlim _turns = new(AtOnce, AtOnce);
    private readonly Lock _gate = new();
    private HashSet<LocalChannel> _revised = [];
    private bool _all;

    /// <summary>Rechecks all subscriptions, once more where that is under way.</summary>
    public void All()
    {
        lock (_gate) _all = true;
        _due.Writer.TryWrite(true);
    }

    /// <summary>Rechecks the subscriptions to a channel in which members' rights were changed.</summary>
    public void Readers(LocalChannel channel)
    {
        lock (_gate) _revised.Add(channel);
        _due.Writer.TryWrite(true);
    }

    /// <summary>
    /// Ends a user's subscriptions to a channel where the store agrees: another node's notice may come late, when the user is a
    /// member again.
    /// </summary>
    public void One(string channel, string user, string reason)
    {
        if (users.Of(user).Any(session => session.Channels.FindSubscription(channel) is not null)) _ = RecheckAsync(channel, user, reason);
    }

    /// <summary>Runs until the node stops.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var _ in _due.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                await RecheckAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async ValueTask RecheckAsync(CancellationToken cancellationToken)
    {
        var logged = false;
        for (IEnumerable<IGrouping<string, Subscription>> left = []; ;)
        {
            var due = TakeDue(left);
            var undecided = new ConcurrentQueue<IGrouping<string, Subscription>>();
            await Parallel.ForEachAsync(
                due, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
                async (subscriber, cancel) =>
                {
                    try
                    {
                        await RecheckAsync(subscriber, cancel).ConfigureAwait(false);
                    }
                    catch (Exception exception) when (!cancel.IsCancellationRequested)
                    {
                        // The host's rules may fail for one subscriber; the others are still checked.
                        if (!Interlocked.Exchange(ref logged, true)) RecheckFailed(exception);
                        undecided.Enqueue(subscriber);
                    }
                }).ConfigureAwait(false);
            if (undecided.IsEmpty) return;
            await Task.Delay(options.RepairInterval, time, cancellationToken).ConfigureAwait(false);
            left = undecided;
        }
    }

    // What was asked for since the last time, and what is left of it.
    private IEnumerable<IGrouping<string, Subscription>> TakeDue(IEnumerable<IGrouping<string, Subscription>> left)
    {
        HashSet<LocalChannel> revised;
        bool all;
        lock (_gate)
        {
            (revised, _revised) = (_revised, []);
            (all, _all) = (_all, false);
        }

        if (all)
        {
            access.ForgetAll();
            return Subscribers(channels.All);
        }

        foreach (var channel in revised) access.Change(channel.Name, null, null);
        return left.Concat(Subscribers(revised));
    }

    // Each user of each channel once, whatever the number of connections.
    private static IEnumerable<IGrouping<string, Subscription>> Subscribers(IEnumerable<LocalChannel> channels) => channels
        .SelectMany(static channel => channel.Readers().GroupBy(static subscription => subscription.User.Name, StringComparer.Ordinal));

    private async ValueTask RecheckAsync(IGrouping<string, Subscription> subscriber, CancellationToken cancellationToken)
    {
        var channel = subscriber.First().Channel.Name;
        if (await FindReasonAsync(channel, subscriber.Key, cancellationToken).ConfigureAwait(false) is not { } reason) return;
        foreach (var subscription in subscriber) subscription.Revoke(reason);
    }

    private async Task RecheckAsync(string channel, string user, string reason)
    {
        await _turns.WaitAsync().ConfigureAwait(false);
        try
        {
            if (await FindReasonAsync(channel, user, default, reason).ConfigureAwait(false) is null) return;
        }
        catch (Exception exception)
        {
            // Without an answer of the store the other node's notice is applied.
            EndedUnchecked(exception, channel);
        }
        finally
        {
            _turns.Release();
        }

        foreach (var session in users.Of(user))
            if (session.Channels.FindSubscription(channel) is { } subscription) session.Revoke(subscription, reason);
    }

    /// <summary>Why a user's subscription to a channel ends; null where it does not.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The user.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="noticed">What another node gave as the reason, if it did.</param>
    private async ValueTask<string?> FindReasonAsync(string channel, string user, CancellationToken cancellationToken, string? noticed = null)
    {
        var view = await directory.FindAsync(channel, user, cancellationToken).ConfigureAwait(false);
        if (view is null) return "deleted";
        // Who is removed from a public channel may read it again, but has to subscribe anew.
        if (noticed == "removed" && view.Role is null) return noticed;
        var access = await authorizer.AuthorizeAsync(
            view.Ask(user, ChannelOperation.Read, clock.Timestamp), cancellationToken).ConfigureAwait(false);
        return access == Access.Allowed ? null
            : view.Ban?.HoldsAt(clock.Timestamp) == true ? "banned"
            : view.Role is null && view.Kind != ChannelKind.Public ? "removed" : "denied";
    }

    [LoggerMessage(47, LogLevel.Warning, "A subscription to channel {Channel} was ended on another node's notice, because the store could not be reached.")]
    private partial void EndedUnchecked(Exception exception, string channel);

    [LoggerMessage(46, LogLevel.Warning, "The rights of subscribers could not be rechecked; trying again at every repair interval.")]
    private partial void RecheckFailed(Exception exception);
}
