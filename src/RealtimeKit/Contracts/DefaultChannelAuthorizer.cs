using Microsoft.Extensions.Options;
using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>The rules of the protocol's chapter "Who may": by the channel's kind and the user's role.</summary>
internal sealed class DefaultChannelAuthorizer(IOptions<RealtimeOptions> options) : IChannelAuthorizer
{
    private readonly bool _usersMayCreate = options.Value.UsersMayCreateChannels;

    public ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(Decide(request));

    private Access Decide(in AccessRequest request)
    {
        if (request.Operation == ChannelOperation.Create) return Allow(_usersMayCreate);
        if (request.Kind != ChannelKind.Public && request.Role is null) return Access.Hidden;
        return request.Operation switch
        {
            ChannelOperation.Edit => Allow(request.Sender == request.User),
            ChannelOperation.Delete => Allow(request.Sender == request.User || Outranks(request)),
            ChannelOperation.Join => Allow(request.Kind == ChannelKind.Public || request.Role is not null && request.Kind != ChannelKind.Direct),
            ChannelOperation.Leave => Allow(request.Kind != ChannelKind.Direct),
            _ => Access.Allowed,
        };
    }

    private static bool Outranks(in AccessRequest request) =>
        request.Role is ChannelRole.Moderator or ChannelRole.Owner && (request.SenderRole is null || request.Role > request.SenderRole);

    private static Access Allow(bool holds) => holds ? Access.Allowed : Access.Forbidden;
}
