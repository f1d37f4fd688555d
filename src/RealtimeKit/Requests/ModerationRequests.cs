using RealtimeKit.Delivery;
using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Requests;

/// <summary>Handles the requests by which users change what other users are in a channel.</summary>
internal sealed class ModerationRequests(
    ChannelAccess access, IChannelStore channels, Memberships memberships, NodeClock clock, RealtimeOptions options) : IRequestFamily
{
    public string? Feature => "moderation";

    public IEnumerable<RequestType> Types =>
    [
        new("invite", InviteAsync, RequestKind.Change),
        new("remove", request => SanctionAsync(request, ChannelOperation.Remove, static (channel, user, removal) => new RemoveChange(channel, user, removal.Reason)), RequestKind.Change),
        new("ban", request => SanctionAsync(request, ChannelOperation.Ban, static (channel, user, ban) => new BanChange(channel, user, ban)), RequestKind.Change),
        new("unban", request => SanctionAsync(request, ChannelOperation.Unban, static (channel, user, _) => new UnbanChange(channel, user)), RequestKind.Change),
        new("mute", request => SanctionAsync(request, ChannelOperation.Mute, static (channel, user, mute) => new MuteChange(channel, user, mute)), RequestKind.Change),
        new("unmute", request => SanctionAsync(request, ChannelOperation.Unmute, static (channel, user, _) => new UnmuteChange(channel, user)), RequestKind.Change),
        new("setRole", SetRoleAsync, RequestKind.Change),
        new("bans", BansAsync, RequestKind.Read),
        new("actions", ActionsAsync, RequestKind.Read),
    ];

    private ValueTask InviteAsync(Request request)
    {
        var (channel, user) = ReadTarget(request);
        var role = ReadRole(request) ?? ChannelRole.Member;
        return ChangeAsync(request, ChannelOperation.Invite, new JoinChange(channel, user, role), role);
    }

    private ValueTask SetRoleAsync(Request request)
    {
        var (channel, user) = ReadTarget(request);
        var role = ReadRole(request);
        if (role is null) request.Fields.Fail(ErrorCodes.Invalid, FrameField.Role, "must be owner, moderator or member");
        return ChangeAsync(request, ChannelOperation.SetRole, new RoleChange(channel, user, role ?? ChannelRole.Member), role);
    }

    private ValueTask SanctionAsync(Request request, ChannelOperation operation, Func<string, string, Sanction, MemberChange> toChange)
    {
        var (channel, user) = ReadTarget(request);
        var now = clock.Timestamp;
        var isLasting = operation is ChannelOperation.Ban or ChannelOperation.Mute;
        var until = isLasting ? request.Fields.Time(FrameField.Until) : null;
        if (until <= now) request.Fields.Fail(ErrorCodes.Invalid, FrameField.Until, "must be in the future");
        var reason = isLasting || operation == ChannelOperation.Remove
            ? request.Fields.String(FrameField.Reason, ProtocolConstants.MaxReasonLength, ErrorCodes.TooLarge) : null;
        if (user == request.User) request.Fields.Fail(ErrorCodes.Invalid, FrameField.User, "must be somebody else");
        return ChangeAsync(request, operation, toChange(channel, user, new Sanction(request.User, now, until, reason)), null);
    }

    private ValueTask ChangeAsync(Request request, ChannelOperation operation, MemberChange change, ChannelRole? newRole) => request.IsFaulty()
        ? ValueTask.CompletedTask
        : request.UntilDecidedAsync(async () =>
        {
            if (await access.FindAsync(request, change.Channel, ChannelOperation.Read).ConfigureAwait(false) is not { } view) return true;
            var target = change.User == request.User
                ? view
                : await channels.FindAsync(change.Channel, change.User, request.Ended).ConfigureAwait(false);
            var asked = access.Ask(request, view, operation) with { Target = change.User, TargetRole = target?.Role, NewRole = newRole };
            if (!await access.AdmitAsync(request, asked).ConfigureAwait(false)) return true;
            var result = await memberships.ApplyAsync(
                change with { By = request.User, Revision = view.Head.Revision }, request.Ended).ConfigureAwait(false);
            if (result.Outcome == MemberOutcome.Stale) return false;
            Answer(request, change, result);
            return true;
        });

    private static void Answer(Request request, MemberChange change, MemberResult result)
    {
        switch (result.Outcome)
        {
            case MemberOutcome.LastOwner:
                request.Error(ErrorCodes.Conflict, $"'{change.User}' is the last owner: make another one first.");
                break;
            case MemberOutcome.Banned:
                request.Error(ErrorCodes.Conflict, $"'{change.User}' is banned: end the ban first.");
                break;
            case MemberOutcome.NoChannel:
                request.NoChannel(change.Channel);
                break;
            default:
                request.Ok();
                break;
        }
    }

    private async ValueTask BansAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        var limit = request.Fields.PageSize(FrameField.Limit) ?? ProtocolConstants.DefaultPageSize;
        var after = request.Fields.Has(FrameField.After) ? request.Fields.User(FrameField.After) : null;
        if (request.IsFaulty() || await access.FindAsync(request, channel, ChannelOperation.Moderate).ConfigureAwait(false) is null) return;
        var page = await channels.ListBansAsync(channel, after, limit, clock.Timestamp, request.Ended).ConfigureAwait(false);
        using var reply = request.Session.Output.Open();
        ServerReplies.Bans(reply.Buffer, request.Id!.Value, options.SystemUser, page.Bans, page.More);
    }

    private async ValueTask ActionsAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        var limit = request.Fields.PageSize(FrameField.Limit) ?? ProtocolConstants.DefaultPageSize;
        var text = request.Fields.String(FrameField.Before);
        long? before = null;
        if (text is not null)
        {
            if (long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var place)) before = place;
            else request.Fields.Fail(ErrorCodes.Invalid, FrameField.Before, "must be the 'next' of an earlier reply");
        }

        if (request.IsFaulty() || await access.FindAsync(request, channel, ChannelOperation.Moderate).ConfigureAwait(false) is null) return;
        // Only the store knows where a shorter page ends: a page that does not fit is read again with as many actions as fit.
        while (limit > 0)
            limit = Answer(request, await channels.ListActionsAsync(channel, before, limit, request.Ended).ConfigureAwait(false));
    }

    /// <summary>Answers with a page.</summary>
    /// <returns>0, or how many actions fit where that are not all; nothing was answered then.</returns>
    private static int Answer(Request request, ActionPage page)
    {
        using var frame = new FrameBuffer();
        var fitting = ServerReplies.Actions(frame, request.Id!.Value, page.Actions, page.Next);
        if (fitting < page.Actions.Count) return fitting;
        using var reply = request.Session.Output.Open();
        reply.Buffer.Append(frame.WrittenSpan);
        return 0;
    }

    private static (string Channel, string User) ReadTarget(Request request) =>
        (request.Fields.Identifier(FrameField.Channel), request.Fields.User(FrameField.User));

    private static ChannelRole? ReadRole(Request request)
    {
        if (request.Fields.String(FrameField.Role) is not { } word) return null;
        if (ChannelWords.TryParseRole(word, out var role)) return role;
        request.Fields.Fail(ErrorCodes.Invalid, FrameField.Role, "must be owner, moderator or member");
        return null;
    }
}
