using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Checking.Plants;

/// <summary>Goes on one change too late.</summary>
internal sealed class ResumesOffByOne(IMessageStore inner) : StoreDouble(inner)
{
    public override ValueTask<MessagePage?> ReadChangesAsync(string channel, long afterVersion, PageLimit limit, CancellationToken cancellationToken) =>
        Inner.ReadChangesAsync(channel, afterVersion == 0 ? 0 : afterVersion + 1, limit, cancellationToken);
}

/// <summary>Does something to the pages that readers catch up by.</summary>
internal sealed class ChangesPages(IMessageStore inner, Func<List<Message>, List<Message>> change) : StoreDouble(inner)
{
    public override async ValueTask<MessagePage?> ReadChangesAsync(string channel, long afterVersion, PageLimit limit, CancellationToken cancellationToken) =>
        await Inner.ReadChangesAsync(channel, afterVersion, limit, cancellationToken) is { } page ? page with { Messages = change([.. page.Messages]) } : null;

    /// <summary>Two messages bear each other's version.</summary>
    public static List<Message> SwapVersions(List<Message> messages)
    {
        if (messages.Count < 2) return messages;
        (messages[0], messages[1]) = (messages[1] with { Version = messages[0].Version }, messages[0] with { Version = messages[1].Version });
        return messages;
    }

    /// <summary>What was edited some time after it was sent is left out.</summary>
    public static List<Message> LoseEdits(List<Message> messages) =>
        [.. messages.Where(message => message.EditedAt is not { } edited || edited - message.Time < TimeSpan.FromSeconds(2))];
}

/// <summary>Leaves a message out of a page of history now and then.</summary>
internal sealed class LeavesHoles(IMessageStore inner) : StoreDouble(inner)
{
    private readonly Every _every = new(3);

    public override async ValueTask<MessagePage?> ReadHistoryAsync(HistoryQuery query, CancellationToken cancellationToken)
    {
        var page = await Inner.ReadHistoryAsync(query, cancellationToken);
        return page is { Messages.Count: > 2 } && _every.Now() ? page with { Messages = [.. page.Messages.Where((_, i) => i != 1)] } : page;
    }
}
