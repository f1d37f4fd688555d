namespace RealtimeKit.Delivery;

/// <summary>Takes subscriptions out of their channels. Safe for concurrent use.</summary>
internal sealed class Subscriptions(LocalChannels channels, PresenceNotifier presence)
{
    /// <summary>Takes a subscription that its connection no longer has out of its channel.</summary>
    public void Detach(Subscription subscription)
    {
        var channel = subscription.Channel;
        subscription.Output.End(subscription);
        channel.Remove(subscription);
        presence.NoteOwn(channel, channel.Presence.Depart(subscription));
        channels.Release(channel);
    }

    /// <summary>Counts the subscriptions anew after their connection fell idle, or is idle no more.</summary>
    public void NoteAway(IEnumerable<Subscription> subscriptions)
    {
        foreach (var subscription in subscriptions)
            presence.NoteOwn(subscription.Channel, subscription.Channel.Presence.Recount(subscription));
    }
}
