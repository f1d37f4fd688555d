using RealtimeKit.Messages;
using RealtimeKit.Protocol;

namespace RealtimeKit.Requests;

/// <summary>Asks the host's interceptors in their order, and holds what they return to the limits.</summary>
internal sealed class Interceptors(IReadOnlyList<IMessageInterceptor> interceptors)
{
    public bool IsEmpty => interceptors.Count == 0;

    /// <summary>Asks about a post or an edit.</summary>
    /// <exception cref="MessageRefusedException">One of them refused it.</exception>
    /// <exception cref="ArgumentException">One of them returned what no message may hold.</exception>
    public async ValueTask<MessageContent> AskAsync(InterceptRequest request, CancellationToken cancellationToken)
    {
        foreach (var interceptor in interceptors)
        {
            var content = await interceptor.InterceptAsync(request, cancellationToken).ConfigureAwait(false);
            // Content that the store cannot write would fail the whole batch, with other users' messages.
            OutgoingMessages.Check(content);
            request = request with { Content = content };
        }

        return request.Content;
    }

    /// <summary>Asks about a reaction, which is the content's text.</summary>
    /// <exception cref="MessageRefusedException">One of them refused it.</exception>
    /// <exception cref="ArgumentException">One of them returned what no reaction may be.</exception>
    public async ValueTask<string> AskAsync(Request request, string channel, long sequence, string reaction)
    {
        var asked = new InterceptRequest(ContentKind.Reaction, channel, request.User, new MessageContent(reaction), sequence);
        foreach (var interceptor in interceptors)
        {
            var content = await interceptor.InterceptAsync(asked, request.Ended).ConfigureAwait(false);
            if (content.Text is not { Length: > 0 and <= ProtocolConstants.MaxNameLength })
                throw new ArgumentException($"An interceptor must return a reaction of 1 to {ProtocolConstants.MaxNameLength} UTF-16 code units as the text.");
            TextRules.Require(content.Text);
            asked = asked with { Content = content };
        }

        return asked.Content.Text!;
    }

    /// <summary>Asks about a signal, whose data is the content's data.</summary>
    /// <exception cref="MessageRefusedException">One of them refused it.</exception>
    /// <exception cref="ArgumentException">One of them returned more data than a signal may have.</exception>
    public async ValueTask<JsonValue?> AskAsync(Request request, string channel, string signal, JsonValue? data)
    {
        var asked = new InterceptRequest(ContentKind.Signal, channel, request.User, new MessageContent(Data: data), Signal: signal);
        foreach (var interceptor in interceptors)
        {
            var content = await interceptor.InterceptAsync(asked, request.Ended).ConfigureAwait(false);
            if (content.Data?.Utf8.Length > ProtocolConstants.MaxFrameBytes)
                throw new ArgumentException($"An interceptor may return at most {ProtocolConstants.MaxFrameBytes} bytes as a signal's data.");
            asked = asked with { Content = content };
        }

        return asked.Content.Data;
    }
}
