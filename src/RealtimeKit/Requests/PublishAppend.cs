using RealtimeKit.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;

namespace RealtimeKit.Requests;

/// <summary>A publish on its way into the store. Its stream is the session's publishes to the channel.</summary>
internal sealed class PublishAppend(Session session, SessionChannel channel, UserSessions users, long id, int bytes, PostChange post) : PendingAppend(session.User, post)
{
    public override bool TryRefuse()
    {
        if (channel.Refusal is not { } refusal) return false;
        session.Refusals.Repeat(id, refusal);
        End();
        return true;
    }

    public override void Complete(AppendResult result)
    {
        Answer(session, id, post, result);
        if (result.Outcome == AppendOutcome.Duplicate) users.ReturnTurn(session.User);
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
            case AppendOutcome.NoMessage:
                ServerReplies.Error(reply.Buffer, id, ErrorCodes.NotFound, $"There is no message {post.ReplyTo} to reply to.");
                break;
            default:
                ServerReplies.Error(reply.Buffer, id, ErrorCodes.NotFound, $"There is no channel '{post.Channel}'.");
                break;
        }
    }
}
