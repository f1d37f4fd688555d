using RealtimeKit.Delivery;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Requests;

/// <summary>Handles <c>search</c>.</summary>
internal sealed class SearchRequests(ChannelAccess access, MessageFinder finder, NodeClock clock) : IRequestFamily
{
    public string? Feature => "search";

    public IEnumerable<RequestType> Types => [new("search", SearchAsync, RequestKind.Search)];

    private async ValueTask SearchAsync(Request request)
    {
        var terms = ReadTerms(ref request.Fields);
        var channel = request.Fields.Has(FrameField.Channel) ? request.Fields.Identifier(FrameField.Channel) : null;
        var sender = request.Fields.Has(FrameField.Sender) ? request.Fields.User(FrameField.Sender) : null;
        var since = request.Fields.Time(FrameField.Since);
        var until = request.Fields.Time(FrameField.Until);
        var limit = request.Fields.PageSize(FrameField.Limit) ?? ProtocolConstants.DefaultPageSize;
        var before = request.Fields.String(FrameField.Before);
        SearchPosition position = default;
        if (before is not null && !SearchPosition.TryParse(before, out position))
            request.Fields.Fail(ErrorCodes.Invalid, FrameField.Before, "must be the 'next' of an earlier reply");
        if (request.IsFaulty()) return;
        if (channel is not null && await access.FindAsync(request, channel, ChannelOperation.Read).ConfigureAwait(false) is null) return;
        var query = new SearchQuery(terms!, new PageLimit(limit, ProtocolConstants.MaxMessageBytes), clock.Timestamp)
        {
            Channel = channel, User = request.User, Sender = sender, Since = since, Until = until, Before = before is null ? null : position,
        };
        var page = await finder.FindAsync(query, request.Session.Principal, request.Ended).ConfigureAwait(false);
        using var reply = request.Session.Output.Open();
        ServerPages.Results(
            reply.Buffer, request.Id!.Value, [.. page.Hits.Select(hit => new FoundMessage(hit.Message, hit.Matches))],
            last => last < 0 ? page.Next?.ToString() : page.Hits[last].Position.ToString());
    }

    private static SearchTerms? ReadTerms(ref FrameFields fields)
    {
        var query = fields.RequiredString(FrameField.Query, ProtocolConstants.MaxQueryLength, ErrorCodes.TooLarge);
        if (!SearchTerms.TryParse(query, out var terms)) fields.Fail(ErrorCodes.Invalid, FrameField.Query, "has no letter or digit to search for");
        return terms;
    }
}
