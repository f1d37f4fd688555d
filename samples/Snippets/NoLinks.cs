using RealtimeKit;
using RealtimeKit.Protocol;

namespace Snippets;

/// <summary>Refuses links. Register: <c>.AddMessageInterceptor&lt;NoLinks&gt;()</c></summary>
public sealed class NoLinks : IMessageInterceptor
{
    // Called for posts, edits, reactions and signals: for everything that other users would see.
    public ValueTask<MessageContent> InterceptAsync(InterceptRequest request, CancellationToken cancellationToken)
    {
        var content = request.Content;
        if ($"{content.Text} {content.Data} {content.Attachments}".Contains("://", StringComparison.Ordinal))
            throw new MessageRefusedException("No links here.");   // the client gets 'forbidden' with this text
        return ValueTask.FromResult(content);
    }
}
