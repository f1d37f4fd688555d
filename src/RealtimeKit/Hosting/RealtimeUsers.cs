using RealtimeKit.Delivery;
using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;
using RealtimeKit.Stores;

namespace RealtimeKit.Hosting;

/// <summary>Users and their connections, for the application's own code.</summary>
internal sealed class RealtimeUsers(Lazy<RealtimeUsers.Parts> parts) : IRealtimeUsers
{
    /// <summary><see cref="Calls"/> is null where there is no broker.</summary>
    internal sealed record Parts(
        UserSessions Sessions, NodeCalls? Calls, IChannelStore Channels, IRealtimeMessages Messages, IChannelAuthorizer Authorizer, Receipts Receipts, UserUpdates Updates,
        UserBlocks Blocks, NodeClock Clock);

    public async Task<int> GetConnectionCountAsync(string user, CancellationToken cancellationToken)
    {
        UserNames.Require(user, nameof(user));
        return parts.Value.Sessions.Of(user).Count + await AskOthersAsync(NodeCall.CountConnections, user, "", cancellationToken).ConfigureAwait(false);
    }

    public async Task<int> DisconnectAsync(string user, string reason, CancellationToken cancellationToken)
    {
        UserNames.Require(user, nameof(user));
        ArgumentNullException.ThrowIfNull(reason);
        return parts.Value.Sessions.Disconnect(user, reason)
            + await AskOthersAsync(NodeCall.Disconnect, user, reason, cancellationToken).ConfigureAwait(false);
    }

    public void Changed(params IReadOnlyCollection<string> users)
    {
        ArgumentNullException.ThrowIfNull(users);
        foreach (var user in users) UserNames.Require(user, nameof(users));
        parts.Value.Updates.Changed(users);
    }

    public async Task<ChannelPage> ListChannelsAsync(string user, string? before, int limit, CancellationToken cancellationToken)
    {
        UserNames.Require(user, nameof(user));
        HostChecks.RequirePageSize(limit);
        try
        {
            return await parts.Value.Channels.ListChannelsAsync(user, before, limit, cancellationToken).ConfigureAwait(false);
        }
        catch (FormatException exception)
        {
            throw new ArgumentException("Give the 'Next' of an earlier page.", nameof(before), exception);
        }
    }

    public async Task<long> MarkReadAsync(string user, string channel, long sequence, CancellationToken cancellationToken)
    {
        UserNames.Require(user, nameof(user));
        Identifiers.Require(channel, nameof(channel));
        ArgumentOutOfRangeException.ThrowIfLessThan(sequence, 1);
        var view = await parts.Value.Channels.FindAsync(channel, user, cancellationToken).ConfigureAwait(false);
        var mark = view is null ? null
            : await parts.Value.Receipts.MoveAsync(view, user, sequence, except: null, cancellationToken).ConfigureAwait(false);
        return mark?.Sequence ?? throw new ChannelNotFoundException(channel);
    }

    public async Task<Access> CheckAccessAsync(
        string user, string channel, ChannelOperation operation, AccessDetails? details, CancellationToken cancellationToken)
    {
        UserNames.Require(user, nameof(user));
        Identifiers.Require(channel, nameof(channel));
        if (details?.Target is { } named) UserNames.Require(named, nameof(details));
        if (operation == ChannelOperation.Create)
            return await DecideAsync(new AccessRequest(user, operation, channel, details?.Kind ?? ChannelKind.Public, null)).ConfigureAwait(false);
        var view = await parts.Value.Channels.FindAsync(channel, user, cancellationToken).ConfigureAwait(false);
        if (view is null) return Access.Hidden;
        var asked = view.Ask(user, operation, parts.Value.Clock.Timestamp) with { NewRole = details?.NewRole };
        if (!IsAboutMore(operation)) return await DecideAsync(asked).ConfigureAwait(false);
        // As for a client: what the question is about is looked at once the user may know of the channel.
        var reading = await DecideAsync(asked with { Operation = ChannelOperation.Read }).ConfigureAwait(false);
        if (reading != Access.Allowed) return reading;
        if (operation is not (ChannelOperation.Edit or ChannelOperation.Delete))
        {
            var target = details?.Target is { } other ? await FindRoleAsync(other).ConfigureAwait(false) : null;
            return await DecideAsync(asked with { Target = details?.Target, TargetRole = target }).ConfigureAwait(false);
        }

        var message = details?.Sequence is { } sequence
            ? await parts.Value.Messages.GetAsync(channel, sequence, cancellationToken).ConfigureAwait(false) : null;
        var sender = message?.Sender ?? user;
        var access = await DecideAsync(asked with { Sender = sender, SenderRole = await FindRoleAsync(sender).ConfigureAwait(false) }).ConfigureAwait(false);
        return access == Access.Allowed && message is null && details?.Sequence is { } missing ? throw new MessageNotFoundException(channel, missing) : access;

        ValueTask<Access> DecideAsync(AccessRequest request) =>
            parts.Value.Authorizer.AuthorizeAsync(request with { Principal = details?.Principal }, cancellationToken);

        async ValueTask<ChannelRole?> FindRoleAsync(string other) =>
            other == user ? view.Role : (await parts.Value.Channels.FindAsync(channel, other, cancellationToken).ConfigureAwait(false))?.Role;
    }

    private static bool IsAboutMore(ChannelOperation operation) => operation is
        ChannelOperation.Edit or ChannelOperation.Delete or ChannelOperation.Invite or ChannelOperation.Remove or ChannelOperation.Ban
        or ChannelOperation.Unban or ChannelOperation.Mute or ChannelOperation.Unmute or ChannelOperation.SetRole;

    public Task<bool> BlockAsync(string user, string other, CancellationToken cancellationToken) => ApplyAsync(new BlockChange(user, other), cancellationToken);

    public Task<bool> UnblockAsync(string user, string other, CancellationToken cancellationToken) =>
        ApplyAsync(new BlockChange(user, other, Remove: true), cancellationToken);

    public async Task<IReadOnlyList<string>> ListBlockedAsync(string user, CancellationToken cancellationToken)
    {
        UserNames.Require(user, nameof(user));
        return await parts.Value.Channels.ListBlockedAsync(user, cancellationToken).ConfigureAwait(false);
    }

    private async Task<bool> ApplyAsync(BlockChange change, CancellationToken cancellationToken)
    {
        UserNames.Require(change.User, nameof(change));
        UserNames.Require(change.Other, nameof(change));
        if (change.User == change.Other) throw new ArgumentException("Nobody blocks oneself.", nameof(change));
        var result = await parts.Value.Blocks.ApplyAsync(change, cancellationToken).ConfigureAwait(false);
        return result.Outcome == BlockOutcome.TooMany
            ? throw new InvalidOperationException($"User '{change.User}' blocks {ProtocolConstants.MaxBlockedUsers} others already: end a block first.")
            : result.Outcome == BlockOutcome.Changed;
    }

    private Task<int> AskOthersAsync(NodeCall what, string user, string reason, CancellationToken cancellationToken) =>
        parts.Value.Calls?.AskAllAsync(what, user, reason, cancellationToken) ?? Task.FromResult(0);
}
