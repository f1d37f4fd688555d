using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Messages;
using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Requests;
using RealtimeKit.Stores;

namespace RealtimeKit.Hosting;

/// <summary>The engine's API for the application's own code.</summary>
internal sealed class RealtimeMessaging(IServiceProvider services) : IRealtimeMessaging
{
    private RealtimeNode? _node;

    // Resolved late: the node's own observers, authorizers and interceptors may depend on messaging.
    private RealtimeNode Node => _node ??= services.GetRequiredService<RealtimeNode>();

    public async Task<ChannelInfo> EnsureChannelAsync(
        string channel, ChannelKind kind, string? name, string? owner, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        if (owner is not null) UserNames.Require(owner, nameof(owner));
        if (kind == ChannelKind.Direct)
            throw new ArgumentException($"Create a direct channel with {nameof(EnsureDirectChannelAsync)}.", nameof(kind));
        TextRules.Require(name);
        if (name?.Length > ProtocolConstants.MaxNameLength)
            throw new ArgumentException($"A channel's name may have at most {ProtocolConstants.MaxNameLength} UTF-16 code units.", nameof(name));
        await Node.Channels.CreateAsync(new NewChannel(channel, kind, name, owner, [], Node.Clock.Timestamp), cancellationToken).ConfigureAwait(false);
        return await RequireAsync(channel, cancellationToken).ConfigureAwait(false);
    }

    public async Task<ChannelInfo> EnsureDirectChannelAsync(string user, string other, CancellationToken cancellationToken)
    {
        UserNames.Require(user, nameof(user));
        UserNames.Require(other, nameof(other));
        if (user == other) throw new ArgumentException("A direct channel has two different users.", nameof(other));
        var result = await Node.Channels.CreateAsync(
            new NewChannel(ChannelRequests.NewName(ChannelKind.Direct), ChannelKind.Direct, null, user, [other], Node.Clock.Timestamp),
            cancellationToken).ConfigureAwait(false);
        return await RequireAsync(result.Channel, cancellationToken).ConfigureAwait(false);
    }

    public async Task<ChannelInfo?> GetChannelAsync(string channel, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        var view = await FindAsync(channel, cancellationToken).ConfigureAwait(false);
        return view is null ? null : new ChannelInfo(channel, view.Kind, view.Settings, view.Created, view.Head.Version, view.Head.Sequence);
    }

    public async Task<ChannelSettings> UpdateChannelAsync(string channel, ChannelEdit edit, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        ArgumentNullException.ThrowIfNull(edit);
        var result = await Node.Settings.UpdateAsync(edit.ToChange(channel), cancellationToken).ConfigureAwait(false);
        return result.Outcome == SettingsOutcome.NoChannel ? throw new ChannelNotFoundException(channel) : result.Settings;
    }

    public async Task<bool> DeleteChannelAsync(string channel, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        try
        {
            var deleted = await Node.Channels.DeleteAsync(channel, cancellationToken).ConfigureAwait(false);
            if (deleted) Node.Access.Changed(channel, null, "deleted");
            else Node.Repair.Now();
            return deleted;
        }
        catch
        {
            // The answer was lost; the channel may be deleted.
            Node.Repair.Now();
            throw;
        }
    }

    public async Task RenewEpochsAsync(CancellationToken cancellationToken)
    {
        await Node.Channels.RenewEpochsAsync(cancellationToken).ConfigureAwait(false);
        Node.Repair.Now();
    }

    public Task<bool> AddMemberAsync(string channel, string user, ChannelRole role, CancellationToken cancellationToken) =>
        ApplyAsync(new JoinChange(channel, user, role), cancellationToken);

    public Task<bool> SetRoleAsync(string channel, string user, ChannelRole role, CancellationToken cancellationToken) =>
        ApplyAsync(new RoleChange(channel, user, role), cancellationToken);

    public Task<bool> RemoveMemberAsync(string channel, string user, CancellationToken cancellationToken) =>
        ApplyAsync(new RemoveChange(channel, user), cancellationToken);

    public Task<bool> BanAsync(string channel, string user, DateTimeOffset? until, string? reason, CancellationToken cancellationToken) =>
        ApplyAsync(new BanChange(channel, user, NewSanction(until, reason)), cancellationToken);

    public Task<bool> UnbanAsync(string channel, string user, CancellationToken cancellationToken) =>
        ApplyAsync(new UnbanChange(channel, user), cancellationToken);

    public Task<bool> MuteAsync(string channel, string user, DateTimeOffset? until, string? reason, CancellationToken cancellationToken) =>
        ApplyAsync(new MuteChange(channel, user, NewSanction(until, reason)), cancellationToken);

    public Task<bool> UnmuteAsync(string channel, string user, CancellationToken cancellationToken) =>
        ApplyAsync(new UnmuteChange(channel, user), cancellationToken);

    public async Task RecheckAccessAsync(string channel, string? user, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        if (user is not null) UserNames.Require(user, nameof(user));
        var result = await Node.Channels.UpdateAsync(new SettingsChange(channel) { Revises = true }, cancellationToken).ConfigureAwait(false);
        if (result.Outcome == SettingsOutcome.NoChannel) throw new ChannelNotFoundException(channel);
        Node.Access.Recheck(channel, user, "denied");
    }

    public async Task<ActionPage> ListActionsAsync(string channel, long? before, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        return await Node.Channels.ListActionsAsync(channel, before, ProtocolConstants.MaxPageSize, cancellationToken).ConfigureAwait(false);
    }

    public async Task<BanPage> ListBansAsync(string channel, string? after, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        return await Node.Channels.ListBansAsync(channel, after, ProtocolConstants.MaxPageSize, Node.Clock.Timestamp, cancellationToken).ConfigureAwait(false);
    }

    public async Task<MemberPage> ListMembersAsync(string channel, string? after, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        return (await Node.Channels.ListMembersAsync(channel, after, ProtocolConstants.MaxPageSize, cancellationToken).ConfigureAwait(false)).At(Node.Clock.Timestamp);
    }

    public async Task<SentMessage> SendAsync(string channel, OutgoingMessage message, string? sender, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        ArgumentNullException.ThrowIfNull(message);
        if (sender is not null) UserNames.Require(sender, nameof(sender));
        var draft = OutgoingMessages.Check(message);
        await Node.Admission.WaitAsync(sender ?? Node.Options.SystemUser, cancellationToken).ConfigureAwait(false);
        var post = new PostChange(
            channel, Node.Clock.Timestamp, draft.Id, sender ?? Node.Options.SystemUser, draft.Content, draft.ReplyTo, draft.Digest);
        var result = await Node.Appends.AppendAsync(post.Sender, post, cancellationToken).ConfigureAwait(false);
        return result.Outcome switch
        {
            AppendOutcome.Appended or AppendOutcome.Duplicate => new SentMessage(
                result.Message!.Id, result.Message.Sequence, result.Message.Version, result.Message.Time,
                result.Outcome == AppendOutcome.Duplicate),
            AppendOutcome.NoMessage => throw new MessageNotFoundException(channel, message.ReplyTo ?? 0),
            AppendOutcome.Conflict => throw new MessageIdConflictException(channel, draft.Id),
            _ => throw new ChannelNotFoundException(channel),
        };
    }

    public async Task<MessagePage> ReadHistoryAsync(string channel, long? before, long? after, int limit, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, ProtocolConstants.MaxPageSize);
        var query = new HistoryQuery(channel, new PageLimit(limit, int.MaxValue), before, after);
        return await Node.Store.ReadHistoryAsync(query, cancellationToken).ConfigureAwait(false) ?? throw new ChannelNotFoundException(channel);
    }

    public async Task<IReadOnlyList<PresentUser>> GetPresenceAsync(string channel, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        return await Node.Presence.ReadAsync(channel, cancellationToken).ConfigureAwait(false);
    }

    public async Task<int> GetConnectionCountAsync(string user, CancellationToken cancellationToken)
    {
        UserNames.Require(user, nameof(user));
        return Node.Users.Of(user).Count + await AskOthersAsync(NodeCall.CountConnections, user, "", cancellationToken).ConfigureAwait(false);
    }

    public async Task<int> DisconnectUserAsync(string user, string reason, CancellationToken cancellationToken)
    {
        UserNames.Require(user, nameof(user));
        ArgumentNullException.ThrowIfNull(reason);
        return Node.Users.Disconnect(user, reason) + await AskOthersAsync(NodeCall.Disconnect, user, reason, cancellationToken).ConfigureAwait(false);
    }

    private Task<int> AskOthersAsync(NodeCall what, string user, string reason, CancellationToken cancellationToken) =>
        Node.Calls?.AskAllAsync(what, user, reason, cancellationToken) ?? Task.FromResult(0);

    private ValueTask<ChannelView?> FindAsync(string channel, CancellationToken cancellationToken) =>
        Node.Channels.FindAsync(channel, Node.Options.SystemUser, cancellationToken);

    private async ValueTask<ChannelInfo> RequireAsync(string channel, CancellationToken cancellationToken) =>
        await GetChannelAsync(channel, cancellationToken).ConfigureAwait(false) ?? throw new ChannelNotFoundException(channel);

    private Sanction NewSanction(DateTimeOffset? until, string? reason)
    {
        var now = Node.Clock.Timestamp;
        if (until <= now) throw new ArgumentException("The end must be in the future.", nameof(until));
        TextRules.Require(reason);
        if (reason?.Length > ProtocolConstants.MaxReasonLength)
            throw new ArgumentException($"A reason may have at most {ProtocolConstants.MaxReasonLength} UTF-16 code units.", nameof(reason));
        var end = until?.ToUniversalTime();
        return new Sanction(By: null, now, end?.AddTicks(-(end.Value.Ticks % TimeSpan.TicksPerMillisecond)), reason);
    }

    private async Task<bool> ApplyAsync(MemberChange change, CancellationToken cancellationToken)
    {
        var (channel, user) = (change.Channel, change.User);
        Identifiers.Require(channel, nameof(channel));
        UserNames.Require(user, nameof(user));
        var result = await Node.Memberships.ApplyAsync(change, cancellationToken).ConfigureAwait(false);
        return result.Outcome switch
        {
            MemberOutcome.Changed => true,
            MemberOutcome.Unchanged => false,
            MemberOutcome.LastOwner => throw new LastOwnerException(channel, user),
            MemberOutcome.Banned => throw new UserBannedException(channel, user),
            _ => throw new ChannelNotFoundException(channel),
        };
    }
}
