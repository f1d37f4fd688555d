using System.Threading.Channels;
using RealtimeKit;
using RealtimeKit.Protocol;

namespace Snippets;

/// <summary>
/// Pushes to mentioned users who are not connected. Register: <c>AddHostedService(services => services.GetRequiredService&lt;MentionPush&gt;())</c>
/// and <c>.AddMessageObserver&lt;MentionPush&gt;()</c>
/// </summary>
public sealed class MentionPush(IPush push, IRealtimeMessaging messaging, ILogger<MentionPush> logger) : BackgroundService, IMessageObserver
{
    private readonly Channel<Message> _queue = Channel.CreateBounded<Message>(new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropOldest });

    // The node calls its observers for one change after another: hand over, and return at once.
    public ValueTask ObserveAsync(MessageChange change, Message message, CancellationToken cancellationToken)
    {
        if (change is PostChange && message.Content.Mentions is { Count: > 0 }) _queue.Writer.TryWrite(message);
        return ValueTask.CompletedTask;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var message in _queue.Reader.ReadAllAsync(stoppingToken))
        {
            foreach (var user in message.Content.Mentions!) await PushAsync(user, message, stoppingToken);
        }
    }

    private async Task PushAsync(string user, Message message, CancellationToken cancellationToken)
    {
        try
        {
            if (await messaging.Users.GetConnectionCountAsync(user, cancellationToken) == 0) await push.SendAsync(user, $"{message.Sender} mentioned you", cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            logger.LogWarning(exception, "A push to {User} failed.", user);
        }
    }
}

/// <summary>Your push service.</summary>
public interface IPush
{
    Task SendAsync(string user, string text, CancellationToken cancellationToken);
}
