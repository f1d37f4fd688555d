using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>Handles the requests about being subscribed: to begin and end it, who is present, signals.</summary>
internal static class SubscriptionRequests
{
    private static readonly string[] OwnSignals = ["presence", "read"];

    public static async ValueTask SubscribeAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        var after = request.Fields.Integer(FrameField.After, 0);
        var epoch = request.Fields.String(FrameField.Epoch);
        var recent = request.Fields.PageSize(FrameField.Recent);
        if (request.IsFaulty()) return;
        var session = request.Session;
        var accessVersion = request.Node.AccessVersion;
        if (await request.FindAsync(channel, ChannelOperation.Read).ConfigureAwait(false) is not { } view) return;
        if (after is not null && (after > view.Head.Version || (epoch is not null && epoch != view.Head.Epoch)))
        {
            request.Error(ErrorCodes.Conflict, "The cursor is not of this channel as it now is: drop what you hold and subscribe anew.");
            return;
        }

        if (session.Channels.FindSubscription(channel) is null && session.Channels.SubscriptionCount >= request.Node.Options.ChannelsPerConnection)
        {
            request.Error(ErrorCodes.TooMany, $"A connection may be subscribed to at most {request.Node.Options.ChannelsPerConnection} channels.");
            return;
        }

        var local = await request.Node.LocalChannels.AcquireAsync(channel, request.Ended).ConfigureAwait(false);
        if (local.Epoch != view.Head.Epoch)
        {
            // Deleted and made again, and either this request or what is served here knows the old one.
            request.Node.LocalChannels.Release(local);
            await request.Node.Repair.CheckAsync([local], request.Ended).ConfigureAwait(false);
            await SubscribeAsync(request).ConfigureAwait(false);
            return;
        }

        var subscription = new Subscription(session, local, view.Head.Epoch, after ?? view.Head.Version)
        {
            CatchUp = after is { } version ? new CatchUp(version)
                : recent is { } count ? new CatchUp(-1, Math.Max(1, view.Head.Sequence - count + 1))
                : null,
        };
        if (!Attach(request, subscription, view)) return;
        // Whoever lost the right meanwhile may have been looked for before this subscription was there to be found.
        if (request.Node.AccessVersion == accessVersion) return;
        try
        {
            if (!await MayReadAsync(request, channel).ConfigureAwait(false)) session.Revoke(subscription, "denied");
        }
        catch (Exception exception)
        {
            // It is answered, so this is the review's to find out, which asks until it is told.
            request.Node.Log.CheckFailed(exception, session.Id);
            request.Node.AccessReview.All();
        }
    }

    public static ValueTask UnsubscribeAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        if (request.IsFaulty()) return ValueTask.CompletedTask;
        if (request.Session.Channels.FindSubscription(channel) is { } subscription) request.Session.Channels.Remove(subscription);
        request.Ok();
        return ValueTask.CompletedTask;
    }

    public static async ValueTask PresenceAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        if (request.IsFaulty() || await request.FindAsync(channel, ChannelOperation.Read).ConfigureAwait(false) is null) return;
        var users = await PresencePicture.ReadAsync(request.Node, channel, request.Ended).ConfigureAwait(false);
        using var reply = request.Session.Output.Open();
        ServerReplies.Presence(reply.Buffer, request.Id!.Value, channel, users);
    }

    public static async ValueTask SignalAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        var name = request.Fields.RequiredString(FrameField.Name, ProtocolConstants.MaxNameLength, ErrorCodes.TooLarge);
        if (request.IsFaulty() || await request.FindAsync(channel, ChannelOperation.Signal).ConfigureAwait(false) is null) return;
        if (OwnSignals.Contains(name))
        {
            request.Error(ErrorCodes.Forbidden, $"'{name}' is a signal of the server's own.");
            return;
        }

        request.Node.Distributor.Signal(channel, request.User, name, request.Fields.Raw(FrameField.Data), request.Session);
        request.Ok();
    }

    private static bool Attach(Request request, Subscription subscription, ChannelView view)
    {
        var session = request.Session;
        var node = request.Node;
        Subscription? replaced;
        StatusChange arrival;
        using (var reply = session.Output.Open())
        {
            if (!session.Channels.TrySet(subscription, out replaced))
            {
                node.LocalChannels.Release(subscription.Channel);
                return false;
            }

            // In one step with the reply: no event of the old one may follow it, none of the new one precede it.
            if (replaced is not null) session.Output.End(replaced);
            ServerReplies.Subscribed(
                reply.Buffer, request.Id!.Value, subscription.Channel.Name, view.Head.Epoch, view.Head.Version, view.Head.Sequence, view.Read, view.Role);
            // Before the client can know of it: what is published from then on comes as live events.
            subscription.Channel.Add(subscription);
            // Before anybody can end it again, who waits for the output.
            arrival = subscription.Channel.Presence.Arrive(subscription, node.Timestamp);
        }

        node.Presence.NoteOwn(subscription.Channel, arrival);
        if (replaced is not null) node.Detach(replaced);
        if (subscription.TryMark()) session.Wake(subscription);
        if (subscription.Channel.IsGone) session.Revoke(subscription, "deleted");
        return true;
    }

    private static async ValueTask<bool> MayReadAsync(Request request, string channel)
    {
        var view = await request.Node.Directory.FindAsync(channel, request.User, request.Ended).ConfigureAwait(false);
        return view is not null && await request.Node.Authorizer.AuthorizeAsync(
            new AccessRequest(request.User, ChannelOperation.Read, channel, view.Kind, view.Role), request.Ended).ConfigureAwait(false) == Access.Allowed;
    }
}
