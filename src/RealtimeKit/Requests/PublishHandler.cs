using RealtimeKit.Delivery;
using RealtimeKit.Diagnostics;
using RealtimeKit.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;
using RealtimeKit.Stores;

namespace RealtimeKit.Requests;

/// <summary>
/// Handles <c>publish</c>. What can be decided at once goes into the append queue without waiting, many at a time; what
/// must be asked about first holds up the connection, so that its messages keep their order.
/// </summary>
internal sealed class PublishHandler(
    IChannelStore channels, IChannelAuthorizer authorizer, Interceptors interceptors, AppendQueue appends, RequestLimits limits,
    SessionAccess rights, NodeClock clock, StoreOutages outages, AttachedFiles attached) : IRequestFamily
{
    private const long GrantMilliseconds = 30_000;

    // How long it may take to decide again: the user's other publishes wait meanwhile.
    private static readonly TimeSpan DecisionLimit = TimeSpan.FromSeconds(10);

    private Func<Session, SessionChannel, long?, ValueTask<Permission>>? _decideAgain;

    /// <summary>Without files nothing of a publish is missing but these.</summary>
    public string? Feature => attached.IsOn ? "files" : null;

    public IEnumerable<RequestType> Types => [new("publish", PublishAsync, null, WaitsForPublishes: false, ReachesReaders: true)];

    private ValueTask PublishAsync(Request request)
    {
        var session = request.Session;
        var channel = request.Fields.TryPlainString(FrameField.Channel, out var name) ? session.Channels.Find(name) : null;
        if (channel is null)
        {
            var identifier = request.Fields.Identifier(FrameField.Channel);
            if (request.Fields.Fault is null) channel = session.Channels.Get(identifier);
        }

        var draft = MessageDraft.Read(ref request.Fields, attached);
        if (request.Fields.Fault is not null) return RefuseFormAsync(request);
        var grant = channel!.Grant;
        if (channel.Refusal is not null || grant is null || grant.Until < session.Now || !interceptors.IsEmpty || draft!.Files.Count > 0)
            return PublishSlowlyAsync(request, channel, draft!);
        var asked = Authorize(session, channel.Name, grant, request.Ended);
        if (!asked.IsCompletedSuccessfully) return PublishSlowlyAsync(request, channel, draft!, grant, asked);
        var access = asked.Result;
        if (access != Access.Allowed || !session.Outstanding.TryAdd(request.Fields.Length))
            return PublishSlowlyAsync(request, channel, draft!, grant, new ValueTask<Access>(access));
        if (!limits.TryTake(RequestKind.Post, session.User, out _))
        {
            session.Outstanding.Remove(request.Fields.Length);
            return PublishSlowlyAsync(request, channel, draft!, grant, new ValueTask<Access>(access));
        }

        Append(request, channel, draft!, draft!.Content, new Permission(Access.Allowed, grant), []);
        return ValueTask.CompletedTask;
    }

    /// <param name="request">The request.</param>
    /// <param name="channel">Its channel.</param>
    /// <param name="draft">Its message.</param>
    /// <param name="grant">What the authorizer was asked with, where it was asked already.</param>
    /// <param name="asked">What the authorizer says then.</param>
    private async ValueTask PublishSlowlyAsync(
        Request request, SessionChannel channel, MessageDraft draft, Grant? grant = null, ValueTask<Access> asked = default)
    {
        try
        {
            await DecideAsync(request, channel, draft, grant, asked).ConfigureAwait(false);
        }
        catch (StoreUnavailableException exception)
        {
            // Later publishes are refused with it, as when the append itself fails.
            outages.Note(exception);
            await request.Session.Outstanding.DrainedAsync().ConfigureAwait(false);
            Refuse(request, channel, Refusal.Unavailable(draft.Id));
        }
    }

    private async ValueTask DecideAsync(Request request, SessionChannel channel, MessageDraft draft, Grant? grant, ValueTask<Access> asked)
    {
        var session = request.Session;
        if (channel.Refusal is { } earlier && !await session.Refusals.TryBeginAgainAsync(channel, draft.Id).ConfigureAwait(false))
        {
            await session.Outstanding.DrainedAsync().ConfigureAwait(false);
            session.Refusals.Repeat(request.Id!.Value, earlier);
            return;
        }

        var permission = grant is not null
            ? new Permission(await asked.ConfigureAwait(false), grant)
            : await AuthorizeAsync(request.Session, channel, request.Ended).ConfigureAwait(false);
        var access = permission.Access;
        if (access == Access.Hidden)
        {
            // A missing channel costs a query each time. A hidden one must, too, or the time would reveal it.
            channel.Grant = null;
            await session.Outstanding.DrainedAsync().ConfigureAwait(false);
            if (permission.Grant is not null) session.Audit.PermissionRefused(session.User, channel.Name, ChannelOperation.Publish, null);
            request.NoChannel(channel.Name);
            return;
        }

        if (access == Access.Forbidden)
        {
            await AnswerRetryOrAsync(request, channel, draft, () => request.Forbidden(ChannelOperation.Publish, channel.Name)).ConfigureAwait(false);
            return;
        }

        var (content, files) = (await FillAsync(request, channel, draft.Content, draft.Files).ConfigureAwait(false), draft.Files);
        try
        {
            content = await interceptors.AskAsync(
                new InterceptRequest(ContentKind.Post, channel.Name, session.User, content), request.Ended).ConfigureAwait(false);
        }
        catch (MessageRefusedException exception)
        {
            await AnswerRetryOrAsync(request, channel, draft, () => request.Error(ErrorCodes.Forbidden, exception.Message)).ConfigureAwait(false);
            return;
        }

        if (!interceptors.IsEmpty)
        {
            files = attached.Require(content.Attachments);
            content = await FillAsync(request, channel, content, files).ConfigureAwait(false);
        }

        if (files.Count > 0 && ChangeRules.SizeOf(content) > ProtocolConstants.MaxFrameBytes)
        {
            await AnswerRetryOrAsync(request, channel, draft, () => request.Error(ErrorCodes.TooLarge, $"With the names of its files the message would be too large: text, data and attachments may have at most {ProtocolConstants.MaxFrameBytes} bytes together.")).ConfigureAwait(false);
            return;
        }

        if (!limits.TryTake(RequestKind.Post, session.User, out var retryAfter))
        {
            var refusal = new Refusal(ErrorCodes.RateLimited, "Too many messages: send them more slowly.", retryAfter, draft.Id);
            await AnswerRetryOrAsync(request, channel, draft, () =>
            {
                Refuse(request, channel, refusal);
                session.NoteTooFast();
            }).ConfigureAwait(false);
            return;
        }

        while (!session.Outstanding.TryAdd(request.Fields.Length)) await session.Outstanding.RoomAsync().ConfigureAwait(false);
        // An earlier publish may have been refused meanwhile.
        if (channel.Refusal is { } present)
        {
            session.Outstanding.Remove(request.Fields.Length);
            session.Refusals.Repeat(request.Id!.Value, present);
            return;
        }

        Append(request, channel, draft, content, permission, files);
    }

    private async ValueTask<MessageContent> FillAsync(Request request, SessionChannel channel, MessageContent content, IReadOnlyList<string> files) =>
        files.Count == 0 ? content
            : content with { Attachments = await attached.FillAsync(channel.Name, content.Attachments, files, request.Ended).ConfigureAwait(false) };

    private void Append(Request request, SessionChannel channel, MessageDraft draft, MessageContent content, in Permission permission, IReadOnlyList<string> files)
    {
        channel.BeginPublish();
        appends.Enqueue(new PublishAppend(request.Session, channel, _decideAgain ??= DecideAgainAsync, request.Id!.Value, request.Fields.Length, new PostChange(
            channel.Name, clock.Timestamp, draft.Id, request.User, content, draft.ReplyTo, draft.Digest) { Revision = permission.Revision, Epoch = permission.Epoch, Pause = permission.Pause, Files = files }));
    }

    // Also where the connection has ended: what was sent behind it may be stored, and must not pass it.
    private async ValueTask<Permission> DecideAgainAsync(Session session, SessionChannel channel, long? stale)
    {
        if (channel.Grant?.Revision <= (stale ?? long.MaxValue)) channel.Grant = null;
        return await AuthorizeAsync(session, channel, CancellationToken.None).AsTask().WaitAsync(DecisionLimit, clock.Time).ConfigureAwait(false);
    }

    /// <summary>A message that is stored already is acknowledged whatever policy and limits say now; another gets the refusal.</summary>
    private async ValueTask AnswerRetryOrAsync(Request request, SessionChannel channel, MessageDraft draft, Action refuse)
    {
        await request.Session.Outstanding.DrainedAsync().ConfigureAwait(false);
        if (channel.Refusal is { } refusal)
        {
            request.Session.Refusals.Repeat(request.Id!.Value, refusal);
            return;
        }

        var probe = new PostChange(
            channel.Name, clock.Timestamp, draft.Id, request.User, draft.Content, draft.ReplyTo, draft.Digest, OnlyIfKnown: true);
        var result = await appends.AppendAsync(request.User, probe, request.Ended).ConfigureAwait(false);
        if (result.Outcome is AppendOutcome.Duplicate or AppendOutcome.Conflict)
            PublishAppend.Answer(request.Session, request.Id!.Value, probe, result);
        else refuse();
    }

    private static void Refuse(Request request, SessionChannel channel, Refusal refusal) =>
        request.Session.Refusals.Begin(channel, request.Id!.Value, refusal);

    private static async ValueTask RefuseFormAsync(Request request)
    {
        await request.Session.Outstanding.DrainedAsync().ConfigureAwait(false);
        request.IsFaulty();
    }

    private ValueTask<Access> Authorize(Session session, string channel, Grant grant, CancellationToken cancellationToken) => authorizer.AuthorizeAsync(
        new AccessRequest(session.User, ChannelOperation.Publish, channel, grant.Kind, grant.Role)
        {
            Principal = session.Principal, IsClosed = grant.IsClosed,
        },
        cancellationToken);

    /// <summary>Whether the session may publish.</summary>
    private async ValueTask<Permission> AuthorizeAsync(Session session, SessionChannel channel, CancellationToken cancellationToken)
    {
        if (channel.Grant is { } known && known.Until >= session.Now)
            return new Permission(await Authorize(session, channel.Name, known, cancellationToken).ConfigureAwait(false), known);
        var version = rights.Version;
        var view = await channels.FindAsync(channel.Name, session.User, cancellationToken).ConfigureAwait(false);
        if (view is null) return new Permission(Access.Hidden, null);
        var asked = view.Ask(session.User, ChannelOperation.Publish, clock.Timestamp) with { Principal = session.Principal };
        var pause = view.Role is ChannelRole.Moderator or ChannelRole.Owner ? TimeSpan.Zero : TimeSpan.FromSeconds(view.Settings.SlowMode);
        var grant = new Grant(view.Kind, view.Role, view.Settings.Closed, pause, view.Head.Revision, view.Head.Epoch, session.Now + GrantMilliseconds);
        // What is to end without a rise of the revision is not kept.
        if (!asked.IsBanned && !asked.IsMuted && !asked.IsBlocked)
        {
            channel.Grant = grant;
            // Set first and compared afterwards: a change in between either drops the grant or is seen here.
            if (version != rights.Version) channel.Grant = null;
        }

        return new Permission(await authorizer.AuthorizeAsync(asked, cancellationToken).ConfigureAwait(false), grant);
    }
}

/// <summary>Whether a session may publish to a channel.</summary>
/// <param name="Access">Whether it may.</param>
/// <param name="Grant">What was known of the user and the channel then; <see langword="null"/> where there is no channel.</param>
internal readonly record struct Permission(Access Access, Grant? Grant)
{
    public long? Revision => Grant?.Revision;

    public string? Epoch => Grant?.Epoch;

    public TimeSpan Pause => Grant?.Pause ?? TimeSpan.Zero;
}
