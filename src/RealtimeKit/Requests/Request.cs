using RealtimeKit.Protocol;
using RealtimeKit.Sessions;

namespace RealtimeKit.Requests;

/// <summary>One frame of a client on its way through a handler.</summary>
internal sealed class Request
{
    private const int MostAttempts = 10;

    [ThreadStatic]
    private static Request? _spare;

    /// <summary>The frame's fields; a handler reads them and then asks whether that noted a fault.</summary>
    public FrameFields Fields;

    public Session Session { get; private set; } = null!;

    public string User => Session.User;

    public CancellationToken Ended => Session.Ended;

    /// <summary>Its type; null where the server has no such type, and then <see cref="UnknownType"/> has its name.</summary>
    public RequestType? Type { get; set; }

    public string UnknownType { get; set; } = "";

    public string TypeName => Type?.Name ?? UnknownType;

    /// <summary>The id to answer to; none where the frame needs no answer.</summary>
    public long? Id { get; set; }

    /// <summary>Gives an empty one; <see cref="Return"/> must follow once nobody uses it any more.</summary>
    public static Request Rent(Session session)
    {
        var request = _spare ?? new Request();
        _spare = null;
        request.Session = session;
        return request;
    }

    public void Return()
    {
        (Fields, Session, Type, UnknownType, Id) = (default, null!, null, "", null);
        _spare = this;
    }

    public void Ok(long? version = null, string? channel = null, DateTimeOffset? expires = null)
    {
        if (Id is not { } id) return;
        using var reply = Session.Output.Open();
        ServerReplies.Ok(reply.Buffer, id, version, channel, expires);
    }

    public void Error(string code, string message, int? retryAfter = null)
    {
        if (Id is not { } id) return;
        using var reply = Session.Output.Open();
        ServerReplies.Error(reply.Buffer, id, code, message, retryAfter);
    }

    /// <summary>Answers with the fault that reading the fields noted, if any.</summary>
    public bool IsFaulty()
    {
        if (Fields.Fault is not { } fault) return false;
        Error(fault.Code, fault.Message);
        return true;
    }

    public void NoChannel(string channel) => Error(ErrorCodes.NotFound, $"There is no channel '{channel}'.");

    /// <summary>Answers that the authorizer does not allow it.</summary>
    public void Forbidden(ChannelOperation operation, string channel, string? target = null)
    {
        Session.Audit.PermissionRefused(User, channel, operation, target);
        Error(ErrorCodes.Forbidden, target is null ? $"You may not {Describe(operation)} channel '{channel}'." : $"You may not {Describe(operation)} '{target}' in channel '{channel}'.");
    }

    /// <summary>Decides and changes something, anew where another change came between, and answers where that goes on and on.</summary>
    /// <param name="attempt">Decides, changes and answers; false where what it decided on was stale, and nothing was answered.</param>
    public async ValueTask UntilDecidedAsync(Func<ValueTask<bool>> attempt)
    {
        for (var left = MostAttempts; left > 0; left--)
        {
            if (await attempt().ConfigureAwait(false)) return;
        }

        Error(ErrorCodes.Unavailable, "Others are changing the message or the channel's rights at the same time: send the same request again.");
    }

    /// <summary>Whether access was given; if not, answers so.</summary>
    public bool Admit(Access access, ChannelOperation operation, string channel, string? target = null)
    {
        if (access == Access.Allowed) return true;
        if (access == Access.Hidden)
        {
            Session.Audit.PermissionRefused(User, channel, operation, target);
            NoChannel(channel);
        }
        else
        {
            Forbidden(operation, channel, target);
        }

        return false;
    }

    private static string Describe(ChannelOperation operation) => operation switch
    {
        ChannelOperation.Publish => "publish in",
        ChannelOperation.React => "react in",
        ChannelOperation.Signal => "send signals in",
        ChannelOperation.Edit => "edit this message in",
        ChannelOperation.Delete => "delete this message in",
        ChannelOperation.Pin => "pin or unpin messages in",
        ChannelOperation.Create => "create",
        ChannelOperation.Join => "join",
        ChannelOperation.Leave => "leave",
        ChannelOperation.Invite => "invite",
        ChannelOperation.Remove => "remove",
        ChannelOperation.Ban => "ban",
        ChannelOperation.Unban => "unban",
        ChannelOperation.Mute => "mute",
        ChannelOperation.Unmute => "unmute",
        ChannelOperation.SetRole => "set the role of",
        ChannelOperation.Moderate => "moderate",
        ChannelOperation.Report => "report messages of",
        ChannelOperation.Resolve => "decide on reports of",
        ChannelOperation.Update => "change",
        ChannelOperation.Close => "close or open",
        _ => "read",
    };
}
