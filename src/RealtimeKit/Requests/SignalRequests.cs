using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>Handles <c>signal</c> and <c>presence</c>.</summary>
internal sealed class SignalRequests(ChannelAccess access, PresenceReader presence, Distributor distributor) : IRequestFamily
{
    private static readonly string[] OwnSignals = ["presence", "read"];

    public IEnumerable<RequestType> Types => [new("signal", SignalAsync), new("presence", PresenceAsync)];

    private async ValueTask PresenceAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        if (request.IsFaulty() || await access.FindAsync(request, channel, ChannelOperation.Read).ConfigureAwait(false) is null) return;
        var users = await presence.ReadAsync(channel, request.Ended).ConfigureAwait(false);
        using var reply = request.Session.Output.Open();
        ServerReplies.Presence(reply.Buffer, request.Id!.Value, channel, users);
    }

    private async ValueTask SignalAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        var name = request.Fields.RequiredString(FrameField.Name, ProtocolConstants.MaxNameLength, ErrorCodes.TooLarge);
        if (request.IsFaulty() || await access.FindAsync(request, channel, ChannelOperation.Signal).ConfigureAwait(false) is null) return;
        if (OwnSignals.Contains(name))
        {
            request.Error(ErrorCodes.Forbidden, $"'{name}' is a signal of the server's own.");
            return;
        }

        distributor.SendSignal(channel, request.User, name, request.Fields.Raw(FrameField.Data), request.Session.Output);
        request.Ok();
    }
}
