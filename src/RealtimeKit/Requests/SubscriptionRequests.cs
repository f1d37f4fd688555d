using RealtimeKit.Delivery;
using RealtimeKit.Nodes;
using RealtimeKit.Presence;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;
using RealtimeKit.Stores;

namespace RealtimeKit.Requests;

/// <summary>Handles <c>subscribe</c> and <c>unsubscribe</c>.</summary>
internal sealed class SubscriptionRequests(
    ChannelAccess access, SessionAccess rights, LocalChannels channels, Subscriptions subscriptions, PresenceNotifier presence, Repair repair,
    AccessRecheck recheck, NodeClock clock, RealtimeOptions options, SessionLog log) : IRequestFamily
{
    public IEnumerable<RequestType> Types => [new("subscribe", SubscribeAsync, null), new("unsubscribe", Unsubscribe, null)];

    private async ValueTask SubscribeAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        var after = request.Fields.Integer(FrameField.After, 0);
        var epoch = request.Fields.String(FrameField.Epoch);
        var recent = request.Fields.PageSize(FrameField.Recent);
        if (request.IsFaulty()) return;
        var session = request.Session;
        var accessVersion = rights.Version;
        if (await access.FindAsync(request, channel, ChannelOperation.Read).ConfigureAwait(false) is not { } view) return;
        if (after is not null && (after > view.Head.Version || (epoch is not null && epoch != view.Head.Epoch)))
        {
            request.Error(ErrorCodes.Conflict, "The cursor does not belong to this channel: drop what you hold and subscribe again.");
            return;
        }

        if (session.Channels.FindSubscription(channel) is null && session.Channels.SubscriptionCount >= options.ChannelsPerConnection)
        {
            request.Error(ErrorCodes.TooMany, $"A connection may be subscribed to at most {options.ChannelsPerConnection} channels.");
            return;
        }

        var local = await channels.AcquireAsync(channel, request.Ended).ConfigureAwait(false);
        if (local.Epoch != view.Head.Epoch)
        {
            // The channel was deleted and created again, and either this request or the served channel has the old epoch.
            channels.Release(local);
            await repair.CheckAsync([local], request.Ended).ConfigureAwait(false);
            await SubscribeAsync(request).ConfigureAwait(false);
            return;
        }

        var subscription = session.NewSubscription(local, view.Head.Position with { Version = after ?? view.Head.Version });
        subscription.CatchUp = after is { } version ? new CatchUp(version)
            : recent is { } count ? new CatchUp(-1, Math.Max(1, view.Head.Sequence - count + 1))
            : null;
        if (!Attach(request, subscription, view)) return;
        // A right that was taken away meanwhile may have been applied before this subscription existed.
        if (rights.Version == accessVersion && local.Revision <= view.Head.Revision) return;
        try
        {
            if (await access.FindReadableAsync(request, channel).ConfigureAwait(false) is not { } now) session.Revoke(subscription, "denied");
            else if (now.Settings != view.Settings) SendSettings(session, channel, now.Settings);
        }
        catch (Exception exception)
        {
            // The request is answered already, so a recheck decides; it repeats until the store answers.
            log.HousekeepingFailed(exception, session.Id);
            recheck.All();
        }
    }

    // They changed while the request was answered, and the frame that said so may have come before the subscription.
    private static void SendSettings(Session session, string channel, ChannelSettings settings)
    {
        using var frame = new FrameBuffer();
        ServerEvents.Channel(frame, channel, settings);
        session.Output.Signal(frame.WrittenSpan);
    }

    private static ValueTask Unsubscribe(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        if (request.IsFaulty()) return ValueTask.CompletedTask;
        if (request.Session.Channels.FindSubscription(channel) is { } subscription) request.Session.Channels.Remove(subscription);
        request.Ok();
        return ValueTask.CompletedTask;
    }

    private bool Attach(Request request, Subscription subscription, ChannelView view)
    {
        var session = request.Session;
        Subscription? replaced;
        StatusChange arrival;
        using (var reply = session.Output.Open())
        {
            if (!session.Channels.TrySet(subscription, out replaced))
            {
                channels.Release(subscription.Channel);
                return false;
            }

            // Under one lock with the reply: no event of the old subscription may follow it, none of the new one precede it.
            if (replaced is not null) session.Output.End(replaced);
            var mute = view.Mute?.HoldsAt(clock.Timestamp) == true ? view.Mute : null;
            ServerReplies.Subscribed(reply.Buffer, request.Id!.Value, new SubscribedReply(
                subscription.Channel.Name, view.Head.Position, view.Head.Sequence, view.Read, view.Role, view.Kind, view.Settings, mute is not null, mute?.Until));
            // Before the client receives the reply: later publications come as live events.
            subscription.Channel.Add(subscription);
            // Before another thread, which waits for the output, can end the subscription.
            arrival = subscription.Channel.Presence.Arrive(subscription, clock.Timestamp);
        }

        presence.NoteOwn(subscription.Channel, arrival);
        if (replaced is not null) subscriptions.Detach(replaced);
        if (subscription.TryMark()) session.Output.Wake(subscription);
        if (subscription.Channel.IsGone) session.Revoke(subscription, "deleted");
        return true;
    }
}
