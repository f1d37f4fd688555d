using RealtimeKit.Client;
using RealtimeKit.Protocol;

namespace Snippets;

/// <summary>Answers <c>/time</c> in a channel. A bot is a client with a user of its own, in your server or anywhere else.</summary>
public sealed class ClockBot(RealtimeClient client, TimeProvider time)
{
    public async Task RunAsync(string channel, CancellationToken cancellationToken)
    {
        await client.ConnectAsync(cancellationToken);
        var room = client.Channel(channel);
        await room.SubscribeAsync(cancellationToken: cancellationToken);
        await foreach (var update in room.ReadAsync(cancellationToken))
        {
            if (update is MessagePosted { Message: { Content.Text: "/time" } question })
                await room.SendAsync(new OutgoingMessage { Text = $"It is {time.GetUtcNow():u}.", ReplyTo = question.Sequence }, cancellationToken);
        }
    }
}
