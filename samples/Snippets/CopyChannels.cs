using RealtimeKit;
using RealtimeKit.Protocol;

namespace Snippets;

/// <summary>Copies all channels of one host into the empty store of another. What does not come along: docs/recipes/sqlite-to-postgresql.md.</summary>
public static class CopyChannels
{
    public static async Task CopyToAsync(this IRealtimeMessaging from, IRealtimeMessaging to, CancellationToken cancellationToken = default)
    {
        ChannelInfoPage? page = null;
        do
        {
            page = await from.Channels.ListAsync(after: page?.Channels[^1].Channel, cancellationToken: cancellationToken);
            foreach (var channel in page.Channels) await CopyAsync(from, to, channel, cancellationToken);
        }
        while (page.More);
    }

    private static async Task CopyAsync(IRealtimeMessaging from, IRealtimeMessaging to, ChannelInfo channel, CancellationToken cancel)
    {
        List<ChannelMember> members = [];
        while (await from.Members.ListAsync(channel.Channel, members.LastOrDefault()?.User, cancel) is { Members.Count: > 0 } page) members.AddRange(page.Members);
        var settings = channel.Settings;
        var target = channel.Kind == ChannelKind.Direct
            ? await to.Channels.EnsureDirectAsync(members[0].User, members[1].User, cancel)   // its name is another one
            : await to.Channels.EnsureAsync(channel.Channel, channel.Kind, settings.Name, data: settings.Data, cancellationToken: cancel);
        if (channel.Kind != ChannelKind.Direct)
            foreach (var role in members.GroupBy(member => member.Role)) await to.Members.SetManyRolesAsync(target.Channel, role.Select(member => member.User), role.Key, cancellationToken: cancel);
        await CopyMessagesAsync(from.Messages, channel.Channel, to.Messages, target.Channel, cancel);
        foreach (var member in members.Where(member => member.Read > 0)) await to.Users.MarkReadAsync(member.User, target.Channel, member.Read, cancel);
        if (settings is not { Closed: false, SlowMode: 0 })
            await to.Channels.UpdateAsync(target.Channel, new ChannelEdit { Closed = settings.Closed, SlowMode = settings.SlowMode }, cancellationToken: cancel);
    }

    private static async Task CopyMessagesAsync(IRealtimeMessages from, string channel, IRealtimeMessages to, string target, CancellationToken cancel)
    {
        List<long> deleted = [];
        for (var last = 0L; (await from.ReadHistoryAsync(channel, after: last, limit: 200, cancellationToken: cancel)).Messages is { Count: > 0 } messages; last = messages[^1].Sequence)
        {
            foreach (var message in messages)
            {
                // A deleted message takes its place, too: answers name their message by its sequence.
                var (text, data, attachments, mentions) = message.DeletedAt is null ? message.Content : new MessageContent("deleted");
                var copy = new OutgoingMessage { Id = message.Id, Text = text, Data = data, Attachments = attachments, Mentions = mentions, ReplyTo = message.ReplyTo };
                var sent = await to.SendAsync(target, copy, message.Sender, cancel);
                if (sent.Sequence != message.Sequence) throw new InvalidOperationException($"Channel '{target}' was not empty.");
                if (message.DeletedAt is not null) deleted.Add(sent.Sequence);
                foreach (var reaction in message.Reactions)
                    foreach (var user in reaction.Users) await to.ReactAsync(target, sent.Sequence, reaction.Reaction, user, cancellationToken: cancel);
                if (message.PinnedAt is not null) await to.PinAsync(target, sent.Sequence, message.PinnedBy, cancel);
            }
        }

        foreach (var sequence in deleted) await to.DeleteAsync(target, sequence, cancellationToken: cancel);
    }
}
