using RealtimeKit.Delivery;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Requests;

/// <summary>Handles <c>directory</c>.</summary>
internal sealed class DirectoryRequests(IChannelStore channels, IChannelAuthorizer authorizer, NodeClock clock) : IRequestFamily
{
    public IEnumerable<RequestType> Types => [new("directory", DirectoryAsync, RequestKind.Read)];

    private async ValueTask DirectoryAsync(Request request)
    {
        var text = request.Fields.String(FrameField.Query, ProtocolConstants.MaxQueryLength, ErrorCodes.TooLarge);
        var limit = request.Fields.PageSize(FrameField.Limit) ?? ProtocolConstants.DefaultPageSize;
        var before = request.Fields.String(FrameField.Before);
        if (request.IsFaulty()) return;
        try
        {
            // Only the store knows where a shorter page ends: a page that does not fit is read again with as many channels as fit.
            while (limit > 0)
            {
                var query = new DirectoryQuery(request.User, text, before, limit, clock.Timestamp);
                var page = await channels.ListDirectoryAsync(query, request.Ended).ConfigureAwait(false);
                limit = Answer(request, page, await FindVisibleAsync(request, page).ConfigureAwait(false));
            }
        }
        catch (FormatException)
        {
            request.Error(ErrorCodes.Invalid, "'before' must be the 'next' of an earlier reply.");
        }
    }

    // Rules of the host may hide a public channel from a user.
    private async ValueTask<List<ListedChannel>> FindVisibleAsync(Request request, DirectoryPage page)
    {
        var visible = new List<ListedChannel>(page.Channels.Count);
        foreach (var (listed, role, closed) in page.Channels)
        {
            var asked = new AccessRequest(request.User, ChannelOperation.Read, listed.Channel, ChannelKind.Public, role)
            {
                Principal = request.Session.Principal, IsClosed = closed,
            };
            if (await authorizer.AuthorizeAsync(asked, request.Ended).ConfigureAwait(false) == Access.Allowed) visible.Add(listed);
        }

        return visible;
    }

    /// <summary>Answers with a page.</summary>
    /// <returns>0, or how many of the store's channels to read where not all fit; nothing was answered then.</returns>
    private static int Answer(Request request, DirectoryPage page, List<ListedChannel> visible)
    {
        using var frame = new FrameBuffer();
        var fitting = ServerReplies.Directory(frame, request.Id!.Value, visible, page.Next);
        // The hidden ones count as well, or the page would be as long again.
        if (fitting < visible.Count) return Math.Max(1, page.Channels.ToList().FindIndex(channel => ReferenceEquals(channel.Listed, visible[fitting])));
        using var reply = request.Session.Output.Open();
        reply.Buffer.Append(frame.WrittenSpan);
        return 0;
    }
}
