using RealtimeKit.Delivery;
using RealtimeKit.Nodes;
using RealtimeKit.Protocol;

namespace RealtimeKit.Requests;

/// <summary>Handles <c>signal</c> and <c>presence</c>.</summary>
internal sealed class SignalRequests(ChannelAccess access, PresenceReader presence, Interceptors interceptors, Distributor distributor) : IRequestFamily
{
    /// <summary>Who comes and goes: a signal that only the engine sends.</summary>
    public const string Presence = "presence";

    /// <summary>How far a user has read: a signal that only the engine sends.</summary>
    public const string Read = "read";

    public IEnumerable<RequestType> Types => [new("signal", SignalAsync, RequestKind.Signal, ReachesReaders: true), new("presence", PresenceAsync, RequestKind.Read)];

    private async ValueTask PresenceAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        var after = request.Fields.Has(FrameField.After) ? request.Fields.Identifier(FrameField.After) : null;
        if (request.IsFaulty() || await access.FindAsync(request, channel, ChannelOperation.Read).ConfigureAwait(false) is null) return;
        var users = await presence.ReadAsync(channel, request.Ended).ConfigureAwait(false);
        using var reply = request.Session.Output.Open();
        ServerReplies.Presence(reply.Buffer, request.Id!.Value, channel, users.SkipWhile(user => string.CompareOrdinal(user.User, after) <= 0));
    }

    private async ValueTask SignalAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        var name = request.Fields.RequiredString(FrameField.Name, ProtocolConstants.MaxNameLength, ErrorCodes.TooLarge);
        if (request.IsFaulty() || await access.FindAsync(request, channel, ChannelOperation.Signal).ConfigureAwait(false) is null) return;
        if (name is Presence or Read)
        {
            request.Error(ErrorCodes.Forbidden, $"Only the server sends the signal '{name}'.");
            return;
        }

        if (interceptors.IsEmpty || (name == "typing" && !request.Fields.Has(FrameField.Data)))
        {
            distributor.SendSignal(channel, request.User, name, request.Fields.Raw(FrameField.Data), request.Session.Output);
            request.Ok();
            return;
        }

        try
        {
            // Copied: an interceptor may keep it, and the connection reuses the frame's memory.
            var data = request.Fields.Has(FrameField.Data) ? JsonValue.FromTrusted(request.Fields.Raw(FrameField.Data).ToArray()) : null;
            data = await interceptors.AskAsync(request, channel, name, data).ConfigureAwait(false);
            distributor.SendSignal(channel, request.User, name, data is null ? default : data.Utf8.Span, request.Session.Output);
            request.Ok();
        }
        catch (MessageRefusedException exception)
        {
            request.Error(ErrorCodes.Forbidden, exception.Message);
        }
    }
}
