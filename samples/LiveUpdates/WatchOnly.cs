namespace RealtimeKit.Samples;

/// <summary>Everybody may read; what is said, the server says.</summary>
internal sealed class WatchOnly : IChannelAuthorizer
{
    public ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken) =>
        ValueTask.FromResult(request.Operation == ChannelOperation.Read ? Access.Allowed : Access.Forbidden);
}
