using RealtimeKit.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;

namespace RealtimeKit.Requests;

/// <summary>A publish on its way into the store. Its stream is the session's publishes to the channel.</summary>
/// <param name="session">The session.</param>
/// <param name="channel">The channel.</param>
/// <param name="decideAgain">Says whether the session may publish to the channel now; what was known at the given revision is void.</param>
/// <param name="id">The request's id.</param>
/// <param name="bytes">The request's size.</param>
/// <param name="post">The message.</param>
internal sealed class PublishAppend(
    Session session, SessionChannel channel, Func<Session, SessionChannel, long?, ValueTask<Permission>> decideAgain,
    long id, int bytes, PostChange post) : PendingAppend(session.User, post)
{
    // How often it is decided again, because rights of the channel are taken all the time.
    private const int MostAttempts = 20;

    private Access _access = Access.Allowed;
    private int _attempts;

    public override bool TryRefuse()
    {
        if (channel.Refusal is not { } refusal) return false;
        session.Refusals.Repeat(id, refusal);
        End();
        return true;
    }

    public override void JoinBatch(long batch)
    {
        var revision = Change.Revision ?? long.MaxValue;
        var lowest = channel.Lower(batch, revision);
        if (lowest != revision && Change.Revision is not null) Change = Change with { Revision = lowest };
    }

    public override bool IsToBeDecidedAgain(AppendResult result)
    {
        if (result.Outcome == AppendOutcome.Stale) channel.IsStale = true;
        // What is known, or refused for another reason, is answered behind what stands before it.
        return channel.IsStale && result.Outcome != AppendOutcome.Appended;
    }

    public override async ValueTask DecideAgainAsync()
    {
        if (++_attempts > MostAttempts) throw new StoreUnavailableException($"The rights of channel '{channel.Name}' change all the time.");
        var permission = await decideAgain(session, channel, Change.Revision).ConfigureAwait(false);
        _access = permission.Access;
        // A copy of a message that is stored is acknowledged, also to who may not publish any more.
        Change = _access == Access.Allowed
            ? post with { Revision = permission.Revision, Epoch = permission.Epoch, Pause = permission.Pause }
            : post with { OnlyIfKnown = true, Revision = null, Epoch = null, Pause = TimeSpan.Zero };
    }

    public override void Complete(AppendResult result)
    {
        // One of the same batch was refused: what comes behind it is refused as well, known or not.
        if (result.Outcome != AppendOutcome.Appended && TryRefuse()) return;
        if (result.Outcome == AppendOutcome.TooSoon)
        {
            session.Refusals.Begin(channel, id, Refusal.TooSoon(post.Id, result.Wait));
            End();
            return;
        }

        if (_access == Access.Hidden)
        {
            Answer(session, id, post, new AppendResult(AppendOutcome.NoChannel));
        }
        else if (_access == Access.Forbidden && result.Outcome == AppendOutcome.NoMessage)
        {
            session.Audit.PermissionRefused(session.User, channel.Name, ChannelOperation.Publish, null);
            using var reply = session.Output.Open();
            ServerReplies.Error(reply.Buffer, id, ErrorCodes.Forbidden, $"You may not publish in channel '{channel.Name}'.");
        }
        else
        {
            Answer(session, id, post, result);
        }

        End();
    }

    public override void Fail(Exception exception)
    {
        if (exception is StoreUnavailableException)
        {
            session.Refusals.Begin(channel, id, Refusal.Unavailable(post.Id));
        }
        else
        {
            using var reply = session.Output.Open();
            ServerReplies.Error(reply.Buffer, id, ErrorCodes.Internal, "The server failed on this message.");
        }

        End();
    }

    private void End()
    {
        channel.EndPublish();
        session.Outstanding.Remove(bytes);
    }

    public static void Answer(Session session, long id, PostChange post, AppendResult result)
    {
        using var reply = session.Output.Open();
        switch (result.Outcome)
        {
            case AppendOutcome.Appended or AppendOutcome.Duplicate:
                var message = result.Message!;
                ServerReplies.Published(
                    reply.Buffer, id, message.Channel, message.Id, message.Sequence, message.Version, message.Time,
                    result.Outcome == AppendOutcome.Duplicate);
                break;
            case AppendOutcome.Conflict:
                ServerReplies.Error(reply.Buffer, id, ErrorCodes.Conflict, "Another message has this id: give every message its own.");
                break;
            case AppendOutcome.NoFile:
                ServerReplies.Error(reply.Buffer, id, ErrorCodes.Invalid, "A file of the message is not a finished one of yours for this channel that is in no other message: upload it to this channel first.");
                break;
            case AppendOutcome.NoMessage:
                ServerReplies.Error(reply.Buffer, id, ErrorCodes.NotFound, $"There is no message {post.ReplyTo} to reply to.");
                break;
            default:
                ServerReplies.Error(reply.Buffer, id, ErrorCodes.NotFound, $"There is no channel '{post.Channel}'.");
                break;
        }
    }
}
