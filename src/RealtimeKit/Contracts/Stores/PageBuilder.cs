using System.Text;
using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// Collects a page under a <see cref="PageLimit"/>, so that every store cuts its pages in the same places. Not safe for
/// concurrent use.
/// </summary>
/// <param name="limit">How much the page may hold; fewer than one message counts as one.</param>
public sealed class PageBuilder(PageLimit limit)
{
    /// <summary>About the size of a message without its content: names, counters, sender, times.</summary>
    internal const int Envelope = 250;

    private readonly List<Message> _messages = [];
    private long _bytes;
    private bool _more;

    /// <summary>How many rows a query needs to return at most: one beyond the page, which shows that there is more.</summary>
    public int Rows => Math.Max(limit.Messages, 1) + 1;

    /// <summary>Adds the next message; false where the page is full without it, and then there is more.</summary>
    public bool TryAdd(Message message)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (_messages.Count > 0 && (_messages.Count >= limit.Messages || _bytes >= limit.Bytes))
        {
            _more = true;
            return false;
        }

        _messages.Add(message);
        _bytes += Size(message);
        return true;
    }

    /// <summary>The page.</summary>
    /// <param name="head">The head of the view that the messages came from.</param>
    /// <param name="descending">Whether they were added newest first; the page has them the other way round.</param>
    public MessagePage Build(ChannelHead head, bool descending = false)
    {
        if (descending) _messages.Reverse();
        return new MessagePage(head, _messages, _more);
    }

    /// <summary>About the bytes of a message.</summary>
    internal static int Size(Message message)
    {
        var content = message.Content;
        var size = Envelope + Encoding.UTF8.GetByteCount(content.Text ?? "") + (content.Data?.Utf8.Length ?? 0) + (content.Attachments?.Utf8.Length ?? 0);
        foreach (var user in content.Mentions ?? []) size += user.Length;
        foreach (var summary in message.Reactions)
        {
            size += summary.Reaction.Length;
            foreach (var user in summary.Users) size += user.Length;
        }

        return size;
    }
}
