using System.Globalization;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Tests.Stores.Earlier;

/// <summary>
/// Describes in lines of text all that a store tells of the channels of the assets. Compiled into the program that writes the assets with an earlier
/// version, and into the test: it names only what both versions have.
/// </summary>
internal static class EarlierContents
{
    public static IReadOnlyList<string> Users { get; } = ["ann", "bob", "cat", "dan"];

    public static IReadOnlyList<string> Channels { get; } = ["lobby", "news", "staff", "gone", "empty"];

    public static async Task<IReadOnlyList<string>> DescribeAsync(
        IMessageStore messages, IChannelStore channels, Func<ChannelView, string?> nameOf, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        var direct = await channels.CreateAsync(
            new NewChannel("direct", ChannelKind.Direct, null, "ann", ["bob"], DateTimeOffset.UnixEpoch), cancellationToken).ConfigureAwait(false);
        lines.Add($"direct of ann and bob: {direct.Outcome}");
        foreach (var channel in Channels.Append(direct.Channel))
        {
            if (await channels.FindAsync(channel, "ann", cancellationToken).ConfigureAwait(false) is not { } view)
            {
                lines.Add($"{channel}: none");
                continue;
            }

            lines.Add(Text($"{channel}: {view.Kind} '{nameOf(view)}' created {Time(view.Created)} head {view.Head.Version} {view.Head.Sequence}"));
            foreach (var user in Users)
            {
                var own = (await channels.FindAsync(channel, user, cancellationToken).ConfigureAwait(false))!;
                lines.Add(Text($"{channel} {user}: role {own.Role} read {own.Read}"));
            }

            var members = await channels.ListMembersAsync(channel, null, 100, cancellationToken).ConfigureAwait(false);
            lines.Add($"{channel} members: {string.Join(", ", members.Members.Select(member => Text($"{member.User} {member.Role} {member.Read}")))}");
            foreach (var message in await ReadAsync(messages, channel, cancellationToken).ConfigureAwait(false))
            {
                lines.Add(Describe(message));
                foreach (var user in message.Reactions.Count == 0 ? [] : Users)
                {
                    var own = await channels.ListOwnReactionsAsync(channel, message.Sequence, user, cancellationToken).ConfigureAwait(false);
                    if (own.Count > 0) lines.Add(Text($"{channel} {message.Sequence} {user}: {string.Join(' ', own.Order(StringComparer.Ordinal))}"));
                }
            }

            var changes = await messages.ReadChangesAsync(channel, 0, new PageLimit(100_000, int.MaxValue), cancellationToken).ConfigureAwait(false);
            lines.Add($"{channel} changes: {string.Join(' ', changes!.Messages.Select(message => Text($"{message.Sequence}:{message.Version}")))}");
        }

        foreach (var user in Users)
        {
            var page = await channels.ListChannelsAsync(user, null, 100, cancellationToken).ConfigureAwait(false);
            foreach (var row in page.Channels)
                lines.Add(Text($"{user} in {row.Channel}: {row.Role} {row.Sequence} {row.Version} read {row.Read} unread {row.Unread} mentions {row.Mentions} last {row.Last?.Sequence}"));
        }

        return lines;
    }

    public static async Task<IReadOnlyList<Message>> ReadAsync(IMessageStore messages, string channel, CancellationToken cancellationToken)
    {
        var page = await messages.ReadHistoryAsync(new HistoryQuery(channel, new PageLimit(100_000, int.MaxValue), After: 0), cancellationToken).ConfigureAwait(false);
        return page!.Messages;
    }

    private static string Describe(Message message) => Text(
        $"{message.Channel} {message.Sequence} v{message.Version} {message.Id} by {message.Sender} at {Time(message.Time)} '{message.Text}' data {message.Content.Data} attachments {message.Content.Attachments} mentions {Join(message.Content.Mentions)} to {message.ReplyTo} in {message.Thread} edited {Time(message.EditedAt)} deleted {Time(message.DeletedAt)} reactions {string.Join(' ', message.Reactions.Select(one => Text($"{one.Reaction}:{one.Count}:{Join(one.Users)}")))}");

    private static string Join(IReadOnlyList<string>? names) => names is null ? "" : string.Join(',', names);

    private static long? Time(DateTimeOffset? time) => time?.ToUnixTimeMilliseconds();

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
