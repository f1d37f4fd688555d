using RealtimeKit.Diagnostics;
using RealtimeKit.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;

namespace RealtimeKit.Requests;

/// <summary>Takes a message of frames apart and hands each frame to its handler, one after another.</summary>
internal sealed class RequestDispatcher(
    RequestTable table, RequestLimits limits, Admission admission, StoreOutages outages, SessionLog log)
{
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
            // One message may hold thousands of requests: the next is handled only when the client reads its replies.
            await session.Output.WaitForRoomAsync().ConfigureAwait(false);
        }

        request.Return();
    }

    private static bool IsBlank(ReadOnlySpan<byte> frame) => frame.IndexOfAnyExcept(" \t\r"u8) < 0;

    private ValueTask<bool> HandleFrameAsync(Request request, ReadOnlyMemory<byte> frame)
    {
        if (!FrameFields.TryScan(frame, out request.Fields) || !TryReadHead(request, out var type)) return RefuseMalformedAsync(request.Session);
        var handling = HandleAsync(request, type, frame.Length);
        return handling.IsCompletedSuccessfully ? ValueTask.FromResult(true) : AwaitAsync(request, handling);
    }

    private ValueTask HandleAsync(Request request, RequestType? type, int length)
    {
        var session = request.Session;
        if (!session.IsSignedIn && (session.IsSignInRefused || type is not { BeforeSignIn: true }))
        {
            request.Error(ErrorCodes.Unauthenticated, session.IsSignInRefused ? "The sign-in was refused." : "Send 'connect' first.");
            return ValueTask.CompletedTask;
        }

        if (type is not { BeforeSignIn: true }) session.NoteRequest();
        if (type is { ReachesReaders: true } && !admission.IsOpenTo(session.User)) return HandleWhenAdmittedAsync(request, type, length);
        return HandleAdmittedAsync(request, type, length);
    }

    private ValueTask HandleAdmittedAsync(Request request, RequestType? type, int length)
    {
        if (type is null or { WaitsForPublishes: true } || length > ProtocolConstants.MaxFrameBytes || request.Fields.Fault is not null)
            return HandleInOrderAsync(request, type, length);
        try
        {
            return type.Handler(request);
        }
        catch (Exception exception)
        {
            return ValueTask.FromException(exception);
        }
    }

    // Meanwhile nothing more is received from the connection, so that its client is slowed down as well.
    private async ValueTask HandleWhenAdmittedAsync(Request request, RequestType type, int length)
    {
        await admission.WaitAsync(request.Session.User, request.Ended).ConfigureAwait(false);
        await HandleAdmittedAsync(request, type, length).ConfigureAwait(false);
    }

    // Many publishes are under way at once; other requests are handled after them.
    private async ValueTask HandleInOrderAsync(Request request, RequestType? type, int length)
    {
        await request.Session.Outstanding.DrainedAsync().ConfigureAwait(false);
        if (length > ProtocolConstants.MaxFrameBytes)
            request.Error(ErrorCodes.TooLarge, $"A frame may have at most {ProtocolConstants.MaxFrameBytes} bytes.");
        else if (request.IsFaulty())
            return;
        else if (type is null)
            request.Error(ErrorCodes.Unsupported, $"This server has no request of type '{Shorten(request.UnknownType)}'.");
        else if (type.Limit is { } kind && !limits.TryTake(kind, request.User, out var retryAfter))
            RefuseTooFast(request, kind, retryAfter);
        else
            await type.Handler(request).ConfigureAwait(false);
    }

    private static void RefuseTooFast(Request request, RequestKind kind, int retryAfter)
    {
        request.Error(ErrorCodes.RateLimited, $"Too many requests of this kind ({kind}): send them more slowly.", retryAfter);
        request.Session.NoteTooFast();
    }

    private async ValueTask<bool> AwaitAsync(Request request, ValueTask handling)
    {
        try
        {
            await handling.ConfigureAwait(false);
        }
        catch (StoreUnavailableException exception)
        {
            outages.Note(exception);
            await request.Session.Outstanding.DrainedAsync().ConfigureAwait(false);
            request.Error(ErrorCodes.Unavailable, "The store is out of reach: send the same request again.");
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !request.Ended.IsCancellationRequested)
        {
            log.RequestFailed(exception, request.TypeName, request.Session.Id);
            // The answer follows the answers to earlier requests.
            await request.Session.Outstanding.DrainedAsync().ConfigureAwait(false);
            request.Error(ErrorCodes.Internal, "The server failed on this request.");
        }

        return true;
    }

    private static string Shorten(string type) => type.Length <= ProtocolConstants.MaxNameLength ? type : type[..ProtocolConstants.MaxNameLength] + "…";

    /// <summary>Reads type and id; false where the frame lacks what it needs to be answered.</summary>
    private bool TryReadHead(Request request, out RequestType? type)
    {
        (request.Id, request.UnknownType, type) = (null, "", null);
        if (request.Fields.TryPlainString(FrameField.Type, out var plain)) type = table.Find(plain);
        if (type is null)
        {
            if (request.Fields.Raw(FrameField.Type) is not [(byte)'"', ..] || request.Fields.String(FrameField.Type) is not { } name) return false;
            type = table.Find(name);
            if (type is null) request.UnknownType = name;
        }

        request.Type = type;
        var raw = request.Fields.Raw(FrameField.Id);
        if (type?.Name == "pong") return true;
        if (raw.IsEmpty) return type?.Name == "signal";
        if (!FrameFields.TryInteger(raw, out var id) || id is < 1 or > ProtocolConstants.MaxRequestId) return false;
        request.Id = id;
        return true;
    }

    private static async ValueTask<bool> RefuseMalformedAsync(Session session)
    {
        await session.Outstanding.DrainedAsync().ConfigureAwait(false);
        session.Close(
            CloseCode.Malformed, ErrorCodes.Invalid,
            "Not a frame: each line must be a JSON object in UTF-8 with a string 'type' and an integer 'id' from 1 to 2^53-1.");
        return false;
    }
}
