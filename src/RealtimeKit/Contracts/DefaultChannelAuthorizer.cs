using Microsoft.Extensions.Options;
using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// The rules that hold where the host has none of its own: by the channel's kind and the user's role. Inherit from it, or take it
/// from the container, to keep these rules and add some.
/// </summary>
/// <remarks>
/// Public channels are everybody's who is signed in and not banned, private and direct ones their members', and hidden from others. Who is
/// muted may read and delete, but not publish, edit, react, pin or signal. Users edit and delete their own messages; moderators and owners
/// delete those of lower roles, and remove, ban and mute users of lower roles, who may be no members. Everybody may join public channels,
/// and leave any that is not direct. Members invite into public channels, moderators and owners into private ones, with a role below their
/// own; owners with any. Owners set roles. Moderators and owners pin messages, and change name, data and slow mode, but not in a channel without an owner; owners close a channel, and then they
/// alone write and delete in it. Everybody who sees a message may report it; moderators and owners decide on reports. Who is blocked by the
/// other user of a direct channel may read and delete there, but not publish, edit, react, pin, signal or change its data. Both users of a direct channel pin messages and change its data. Nothing else of that is for direct channels. Users create channels where
/// <see cref="RealtimeOptions.UsersMayCreateChannels"/> says so.
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
        if (request.IsBanned || ((request.IsMuted || request.IsBlocked) && IsWriting(request.Operation))) return Access.Forbidden;
        // The other user would get what the data says.
        if (request.IsBlocked && request.Operation == ChannelOperation.Update) return Access.Forbidden;
        if (request.IsClosed && request.Role != ChannelRole.Owner && (IsWriting(request.Operation) || request.Operation == ChannelOperation.Delete))
            return Access.Forbidden;
        return request.Operation switch
        {
            ChannelOperation.Edit => Allow(request.Sender == request.User),
            ChannelOperation.Delete => Allow(request.Sender == request.User || Outranks(request, request.SenderRole)),
            ChannelOperation.Pin or ChannelOperation.Update => Allow(request.Kind == ChannelKind.Direct || (IsModerator(request) && !request.IsOwnerless)),
            ChannelOperation.Join => Allow(request.Kind == ChannelKind.Public || request.Role is not null && request.Kind != ChannelKind.Direct),
            ChannelOperation.Leave => Allow(request.Kind != ChannelKind.Direct),
            ChannelOperation.Invite => Allow(MayInvite(request)),
            ChannelOperation.Remove or ChannelOperation.Ban or ChannelOperation.Unban or ChannelOperation.Mute or ChannelOperation.Unmute =>
                Allow(request.Kind != ChannelKind.Direct && Outranks(request, request.TargetRole)),
            ChannelOperation.SetRole => Allow(request.Kind != ChannelKind.Direct && request.Role == ChannelRole.Owner),
            ChannelOperation.Close => Allow(request.Kind != ChannelKind.Direct && request.Role == ChannelRole.Owner),
            ChannelOperation.Moderate or ChannelOperation.Resolve => Allow(request.Kind != ChannelKind.Direct && IsModerator(request)),
            _ => Access.Allowed,
        };
    }

    private static bool IsWriting(ChannelOperation operation) =>
        operation is ChannelOperation.Publish or ChannelOperation.Edit or ChannelOperation.React or ChannelOperation.Signal or ChannelOperation.Pin;

    private static bool MayInvite(in AccessRequest request) => request.Kind switch
    {
        ChannelKind.Direct => false,
        ChannelKind.Private when !IsModerator(request) => false,
        _ => request.Role is { } role && (request.NewRole is null or ChannelRole.Member || role == ChannelRole.Owner || request.NewRole < role),
    };

    private static bool IsModerator(in AccessRequest request) => request.Role is ChannelRole.Moderator or ChannelRole.Owner;

    // Who is no member ranks as a member.
    private static bool Outranks(in AccessRequest request, ChannelRole? other) => IsModerator(request) && request.Role > (other ?? ChannelRole.Member);

    private static Access Allow(bool holds) => holds ? Access.Allowed : Access.Forbidden;
}
