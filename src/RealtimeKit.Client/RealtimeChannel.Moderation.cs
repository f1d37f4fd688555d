using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <remarks>
/// None of the requests of moderation is repeated by itself: each ends with the server's answer, or with
/// <see cref="RealtimeException"/> where the server refused or the connection was lost before the answer.
/// </remarks>
public sealed partial class RealtimeChannel
{
    /// <summary>Makes another user a member. A member keeps the role.</summary>
    /// <param name="user">The user.</param>
    /// <param name="role">The role of a new member; other than a plain member only below one's own, of owners any.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ArgumentException">No user can have that name.</exception>
    /// <exception cref="RealtimeException">The server refused (<c>conflict</c> where the user is banned), or the connection was lost before the reply.</exception>
    public Task InviteAsync(string user, ChannelRole role = ChannelRole.Member, CancellationToken cancellationToken = default) =>
        RequestOfUserAsync("invite"u8.ToArray(), user, role, null, null, cancellationToken);

    /// <summary>Ends another user's membership and subscriptions.</summary>
    /// <param name="user">The user, who has a lower role.</param>
    /// <param name="reason">Why, for moderators to read: at most 200 UTF-16 code units.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ArgumentException">No user can have that name, or the reason is no text.</exception>
    /// <exception cref="RealtimeException">The server refused, or the connection was lost before the reply.</exception>
    public Task RemoveAsync(string user, string? reason = null, CancellationToken cancellationToken = default) =>
        RequestOfUserAsync("remove"u8.ToArray(), user, null, null, reason, cancellationToken);

    /// <summary>Keeps a user out, member or not: membership and subscriptions end. Replaces an earlier ban.</summary>
    /// <param name="user">The user, who has a lower role.</param>
    /// <param name="until">When the ban ends by itself; <see langword="null"/> for never.</param>
    /// <param name="reason">Why, for moderators to read: at most 200 UTF-16 code units.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ArgumentException">No user can have that name, or the reason is no text.</exception>
    /// <exception cref="RealtimeException">The server refused, or the connection was lost before the reply.</exception>
    public Task BanAsync(string user, DateTimeOffset? until = null, string? reason = null, CancellationToken cancellationToken = default) =>
        RequestOfUserAsync("ban"u8.ToArray(), user, null, until, reason, cancellationToken);

    /// <summary>Ends a ban. The user is no member.</summary>
    /// <exception cref="ArgumentException">No user can have that name.</exception>
    /// <exception cref="RealtimeException">The server refused, or the connection was lost before the reply.</exception>
    public Task UnbanAsync(string user, CancellationToken cancellationToken = default) =>
        RequestOfUserAsync("unban"u8.ToArray(), user, null, null, null, cancellationToken);

    /// <summary>Lets a user only read, member or not, until the mute ends. Replaces an earlier mute.</summary>
    /// <param name="user">The user, who has a lower role.</param>
    /// <param name="until">When the mute ends by itself; <see langword="null"/> for never.</param>
    /// <param name="reason">Why, for moderators to read: at most 200 UTF-16 code units.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ArgumentException">No user can have that name, or the reason is no text.</exception>
    /// <exception cref="RealtimeException">The server refused, or the connection was lost before the reply.</exception>
    public Task MuteAsync(string user, DateTimeOffset? until = null, string? reason = null, CancellationToken cancellationToken = default) =>
        RequestOfUserAsync("mute"u8.ToArray(), user, null, until, reason, cancellationToken);

    /// <summary>Ends a mute.</summary>
    /// <exception cref="ArgumentException">No user can have that name.</exception>
    /// <exception cref="RealtimeException">The server refused, or the connection was lost before the reply.</exception>
    public Task UnmuteAsync(string user, CancellationToken cancellationToken = default) =>
        RequestOfUserAsync("unmute"u8.ToArray(), user, null, null, null, cancellationToken);

    /// <summary>Gives a user a role; for owners. Whoever is no member becomes one.</summary>
    /// <exception cref="ArgumentException">No user can have that name.</exception>
    /// <exception cref="RealtimeException">
    /// The server refused (<c>conflict</c> where the last owner would lose that role, or the user is banned), or the connection was lost
    /// before the reply.
    /// </exception>
    public Task SetRoleAsync(string user, ChannelRole role, CancellationToken cancellationToken = default) =>
        RequestOfUserAsync("setRole"u8.ToArray(), user, role, null, null, cancellationToken);

    /// <summary>A page of the bans that hold; for moderators and owners.</summary>
    /// <param name="after">The last user of the page before; nothing for the first.</param>
    /// <param name="limit">The most bans, 1 to 200. Default: 50.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ArgumentException">No user can have that name.</exception>
    /// <exception cref="RealtimeException">The server refused, or the client is closed.</exception>
    public async Task<BanList> BansAsync(string? after = null, int? limit = null, CancellationToken cancellationToken = default)
    {
        if (after is not null) UserNames.Require(after, nameof(after));
        var reply = await _requests.SendAsync<BansFrame>(
            (output, id) => ClientRequests.Users(output, "bans"u8, id, Id, after, limit), repeat: true, cancellationToken).ConfigureAwait(false);
        return new BanList(reply.Bans, reply.More);
    }

    /// <summary>A page of what moderators and owners did, the latest first; for moderators and owners.</summary>
    /// <param name="before">The <see cref="ActionList.Next"/> of the page before; nothing for the first.</param>
    /// <param name="limit">The most actions, 1 to 200. Default: 50.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeException">The server refused, or the client is closed.</exception>
    public async Task<ActionList> ActionsAsync(string? before = null, int? limit = null, CancellationToken cancellationToken = default)
    {
        var reply = await _requests.SendAsync<ActionsFrame>(
            (output, id) => ClientRequests.Moderation(output, "actions"u8, id, Id, before, limit), repeat: true, cancellationToken).ConfigureAwait(false);
        return new ActionList(reply.Actions, reply.More ? reply.Next : null);
    }

    /// <summary>
    /// Reports a message to the moderators; for everybody who sees it. A user reports a message once: the same again changes nothing.
    /// </summary>
    /// <param name="sequence">The message.</param>
    /// <param name="reason">Why, for moderators to read: at most 1,000 UTF-16 code units.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ArgumentException">The reason is no text.</exception>
    /// <exception cref="RealtimeException">The server refused (<c>conflict</c> where the message was deleted), or the connection was lost before the reply.</exception>
    public Task ReportAsync(long sequence, string? reason = null, CancellationToken cancellationToken = default)
    {
        TextRules.Require(reason);
        return _requests.SendAsync<OkFrame>((output, id) => ClientRequests.Report(output, id, Id, sequence, reason), repeat: false, cancellationToken);
    }

    /// <summary>A page of the reported messages, the newest report first; for moderators and owners.</summary>
    /// <param name="before">The <see cref="ReportList.Next"/> of the page before; nothing for the first.</param>
    /// <param name="limit">The most reports, 1 to 200. Default: 50.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeException">The server refused, or the client is closed.</exception>
    public async Task<ReportList> ReportsAsync(string? before = null, int? limit = null, CancellationToken cancellationToken = default)
    {
        var reply = await _requests.SendAsync<ReportsFrame>(
            (output, id) => ClientRequests.Moderation(output, "reports"u8, id, Id, before, limit), repeat: true, cancellationToken).ConfigureAwait(false);
        return new ReportList(reply.Reports, reply.More ? reply.Next : null);
    }

    /// <summary>Says what became of a report; for moderators and owners.</summary>
    /// <param name="report">The <see cref="ChannelReport.Report"/>.</param>
    /// <param name="state">What became of it; it may become open again.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ArgumentException">No report can have that identifier.</exception>
    /// <exception cref="RealtimeException">The server refused (<c>not_found</c> where there is no such report), or the connection was lost before the reply.</exception>
    public Task ResolveAsync(string report, ReportState state, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(report);
        TextRules.Require(report);
        return _requests.SendAsync<OkFrame>((output, id) => ClientRequests.Resolve(output, id, Id, report, state), repeat: false, cancellationToken);
    }

    /// <summary>
    /// Changes name, data, slow mode (for moderators and owners) or whether the channel is closed (for owners). Of a direct channel only the
    /// data can be changed, by both. Nothing is changed where a part may not be.
    /// </summary>
    /// <param name="edit">What to change.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ArgumentException">The name is no text.</exception>
    /// <exception cref="RealtimeException">The server refused, or the connection was lost before the reply.</exception>
    public Task UpdateAsync(ChannelEdit edit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(edit);
        TextRules.Require(edit.Name);
        return _requests.SendAsync<OkFrame>((output, id) => ClientRequests.Update(output, id, Id, edit), repeat: false, cancellationToken);
    }

    private Task<OkFrame> RequestOfUserAsync(
        byte[] type, string user, ChannelRole? role, DateTimeOffset? until, string? reason, CancellationToken cancellationToken)
    {
        UserNames.Require(user, nameof(user));
        TextRules.Require(reason);
        return _requests.SendAsync<OkFrame>(
            (output, id) => ClientRequests.OfUser(output, type, id, Id, user, role, until, reason), repeat: false, cancellationToken);
    }
}
