using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>Takes a message of frames apart and hands each frame to its handler, one after another.</summary>
internal sealed class RequestDispatcher(RealtimeNode node)
{
    private delegate ValueTask Handler(Request request);

    private readonly Dictionary<string, Handler> _handlers = new(StringComparer.Ordinal)
    {
        ["subscribe"] = SubscriptionRequests.SubscribeAsync,
        ["unsubscribe"] = SubscriptionRequests.UnsubscribeAsync,
        ["presence"] = SubscriptionRequests.PresenceAsync,
        ["signal"] = SubscriptionRequests.SignalAsync,
        ["edit"] = MessageRequests.EditAsync,
        ["delete"] = MessageRequests.DeleteAsync,
        ["react"] = MessageRequests.ReactAsync,
        ["reactions"] = MessageRequests.ReactionsAsync,
        ["history"] = MessageRequests.HistoryAsync,
        ["read"] = MemberRequests.ReadAsync,
        ["members"] = MemberRequests.MembersAsync,
        ["join"] = MemberRequests.JoinAsync,
        ["leave"] = MemberRequests.LeaveAsync,
        ["channels"] = ChannelRequests.ChannelsAsync,
        ["create"] = ChannelRequests.CreateAsync,
    };

    public async ValueTask HandleMessageAsync(Session session, ReadOnlyMemory<byte> message)
    {
        var request = Request.Rent(session);
        while (!message.IsEmpty && !session.Output.IsClosing)
        {
            var end = message.Span.IndexOf((byte)'\n');
            var frame = end < 0 ? message : message[..end];
            message = end < 0 ? default : message[(end + 1)..];
            if (IsBlank(frame.Span)) continue;
            if (!await session.HandleAsync(HandleFrameAsync(request, frame)).ConfigureAwait(false)) break;
            // One message may hold thousands of requests: no more are taken than the client reads the replies of.
            await session.Output.WaitForRoomAsync().ConfigureAwait(false);
        }

        request.Return();
    }

    private static bool IsBlank(ReadOnlySpan<byte> frame) => frame.IndexOfAnyExcept(" \t\r"u8) < 0;

    private ValueTask<bool> HandleFrameAsync(Request request, ReadOnlyMemory<byte> frame)
    {
        if (!FrameFields.TryScan(frame, out request.Fields) || !TryReadHead(request))
            return RefuseMalformedAsync(request.Session);
        if (frame.Length <= ProtocolConstants.MaxFrameBytes && request.Fields.Fault is null && request.Type == "publish" && request.Session.IsSignedIn)
        {
            request.Session.NoteRequest();
            var publishing = PublishAsync(request);
            return publishing.IsCompletedSuccessfully ? ValueTask.FromResult(true) : AwaitAsync(request, publishing);
        }

        return AwaitAsync(request, HandleAsync(request, frame.Length));
    }

    private ValueTask PublishAsync(Request request)
    {
        try
        {
            return node.Publisher.PublishAsync(request);
        }
        catch (Exception exception)
        {
            return ValueTask.FromException(exception);
        }
    }

    private async ValueTask<bool> AwaitAsync(Request request, ValueTask handling)
    {
        try
        {
            await handling.ConfigureAwait(false);
        }
        catch (StoreUnavailableException exception)
        {
            node.Outages.Note(exception);
            await request.Session.Outstanding.DrainedAsync().ConfigureAwait(false);
            request.Error(ErrorCodes.Unavailable, "The store is out of reach: send the same request again.");
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !request.Ended.IsCancellationRequested)
        {
            node.Log.RequestFailed(exception, request.Type, request.Session.Id);
            // Behind the answers to what was sent before it.
            await request.Session.Outstanding.DrainedAsync().ConfigureAwait(false);
            request.Error(ErrorCodes.Internal, "The server failed on this request.");
        }

        return true;
    }

    private async ValueTask HandleAsync(Request request, int length)
    {
        var session = request.Session;
        if (request.Type == "pong")
        {
            await session.Refusals.PongAsync().ConfigureAwait(false);
            return;
        }

        if (request.Type == "connect")
        {
            if (length > ProtocolConstants.MaxFrameBytes) RefuseLarge(request);
            else await node.SignIns.ConnectAsync(request).ConfigureAwait(false);
            return;
        }

        if (!session.IsSignedIn)
        {
            request.Error(ErrorCodes.Unauthenticated, session.IsSignInRefused ? "The sign-in was refused." : "Send 'connect' first.");
            return;
        }

        session.NoteRequest();
        // Publishes go their way many at once; whatever else is asked is asked after them.
        await session.Outstanding.DrainedAsync().ConfigureAwait(false);
        if (length > ProtocolConstants.MaxFrameBytes)
            RefuseLarge(request);
        else if (request.IsFaulty())
            return;
        else if (request.Type == "ping")
            request.Ok();
        else if (request.Type == "refresh")
            await node.SignIns.RefreshAsync(request).ConfigureAwait(false);
        else if (request.Type == "publish")
            await node.Publisher.PublishAsync(request).ConfigureAwait(false);
        else if (_handlers.TryGetValue(request.Type, out var handler))
            await handler(request).ConfigureAwait(false);
        else
            request.Error(ErrorCodes.Unsupported, $"This server has no request of type '{Shorten(request.Type)}'.");
    }

    private static void RefuseLarge(Request request) =>
        request.Error(ErrorCodes.TooLarge, $"A frame may have at most {ProtocolConstants.MaxFrameBytes} bytes.");

    private static string Shorten(string type) => type.Length <= ProtocolConstants.MaxNameLength ? type : type[..ProtocolConstants.MaxNameLength] + "…";

    /// <summary>Reads type and id; false where the frame lacks what it needs to be answered.</summary>
    private static bool TryReadHead(Request request)
    {
        request.Id = null;
        if (request.Fields.TryPlainString(FrameField.Type, out var type)) request.Type = TypeName(type);
        else if (request.Fields.Raw(FrameField.Type) is [(byte)'"', ..] && request.Fields.String(FrameField.Type) is { } escaped) request.Type = escaped;
        else return false;
        var raw = request.Fields.Raw(FrameField.Id);
        if (request.Type == "pong") return true;
        if (raw.IsEmpty) return request.Type == "signal";
        if (!FrameFields.TryInteger(raw, out var id) || id is < 1 or > ProtocolConstants.MaxRequestId) return false;
        request.Id = id;
        return true;
    }

    private static string TypeName(ReadOnlySpan<byte> type) =>
        type.SequenceEqual("publish"u8) ? "publish" : System.Text.Encoding.UTF8.GetString(type);

    private static async ValueTask<bool> RefuseMalformedAsync(Session session)
    {
        await session.Outstanding.DrainedAsync().ConfigureAwait(false);
        session.Close(
            CloseCode.Malformed, ErrorCodes.Invalid,
            "Not a frame: each line must be a JSON object in UTF-8 with a string 'type' and an integer 'id' from 1 to 2^53-1.");
        return false;
    }
}
