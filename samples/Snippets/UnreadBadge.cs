using System.Runtime.CompilerServices;
using RealtimeKit.Client;

namespace Snippets;

/// <summary>The number on the badge: unread messages in all of the user's channels, without subscribing to any of them.</summary>
public static class UnreadBadge
{
    public static async IAsyncEnumerable<long> UnreadAsync(
        this RealtimeClient client, TimeSpan every, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var timer = new PeriodicTimer(every);
        do
        {
            var unread = 0L;
            string? next = null;
            do
            {
                var page = await client.ChannelsAsync(next, limit: 200, cancellationToken);
                unread += page.Channels.Sum(channel => channel.Unread);
                next = page.Next;
            }
            while (next is not null);
            yield return unread;
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }
}
