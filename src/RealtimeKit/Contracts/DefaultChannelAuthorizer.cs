using Microsoft.Extensions.Options;
using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// The rules that hold where the host has none of its own: by the channel's kind and the user's role. Inherit from it, or take it
/// from the container, to keep these rules and add some.
/// </summary>
/// <remarks>
/// Public channels are everybody's who is signed in, private and direct ones their members', and hidden from others. Users edit and
/// delete their own messages; moderators and owners delete those of lower roles. Everybody may join public channels, and leave
/// any that is not direct. Users create channels where <see cref="RealtimeOptions.UsersMayCreateChannels"/> says so.
/// </remarks>
/// <param name="options">The engine's options.</param>
public class DefaultChannelAuthorizer(IOptions<RealtimeOptions> options) : IChannelAuthorizer
{
    private readonly bool _usersMayCreate = options.Value.UsersMayCreateChannels;

    /// <inheritdoc/>
    public virtual ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(Decide(request));

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
