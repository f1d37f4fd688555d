using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using RealtimeKit;

namespace Snippets;

/// <summary>Keeps the default rules and adds one: nobody writes in a closed channel. Register: <c>.UseChannelAuthorizer&lt;ClosedChannels&gt;()</c></summary>
public sealed class ClosedChannels(IOptions<RealtimeOptions> options) : DefaultChannelAuthorizer(options)
{
    private readonly ConcurrentDictionary<string, bool> _closed = new(StringComparer.Ordinal);

    // Your code takes ClosedChannels from the container: it is the instance that the engine asks.
    public void Close(string channel) => _closed[channel] = true;

    public override ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken) =>
        request.Operation is ChannelOperation.Publish or ChannelOperation.Edit && _closed.ContainsKey(request.Channel)
            ? ValueTask.FromResult(Access.Forbidden)
            : base.AuthorizeAsync(request, cancellationToken);
}
