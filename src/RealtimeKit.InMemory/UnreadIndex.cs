using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.InMemory;

/// <summary>
/// Counts what a user has not read without walking the log: all messages above the mark, less the user's own and the
/// deleted ones, each of which is kept as sorted sequences.
/// </summary>
internal sealed class UnreadIndex
{
    private readonly Dictionary<string, List<long>> _sent = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<long>> _mentions = new(StringComparer.Ordinal);
    private readonly List<long> _deleted = [];

    public void Add(Message message)
    {
        Insert(Of(_sent, message.Sender), message.Sequence);
        foreach (var user in Mentioned(message)) Insert(Of(_mentions, user), message.Sequence);
        // One that was deleted in the batch that posted it.
        if (message.DeletedAt is not null) Replace(message, message);
    }

    public void Replace(Message old, Message changed)
    {
        if (changed.DeletedAt is not null)
        {
            Remove(_sent, old.Sender, old.Sequence);
            Insert(_deleted, old.Sequence);
        }

        if (ReferenceEquals(old.Content, changed.Content)) return;
        foreach (var user in Mentioned(old)) Remove(_mentions, user, old.Sequence);
        foreach (var user in Mentioned(changed)) Insert(Of(_mentions, user), old.Sequence);
    }

    public long CountUnread(string user, long read, long last) =>
        last - read - CountAbove(_sent.GetValueOrDefault(user), read) - CountAbove(_deleted, read);

    /// <summary>Counts mentions, less those by senders whom the user blocks.</summary>
    public long CountMentions(string user, long read, IEnumerable<string> blocked) =>
        CountAbove(_mentions.GetValueOrDefault(user), read)
            - blocked.Sum(sender => (long)CountAbove(_mentions.GetValueOrDefault(BySender(user, sender)), read));

    /// <summary>Whether messages of a sender mention a user.</summary>
    public bool HasMentions(string user, string sender) => _mentions.GetValueOrDefault(BySender(user, sender)) is { Count: > 0 };

    // Who is mentioned, alone and together with the sender.
    private static IEnumerable<string> Mentioned(Message message) =>
        ChangeRules.Mentioned(message).SelectMany(user => new[] { user, BySender(user, message.Sender) });

    // No name has a line feed.
    private static string BySender(string user, string sender) => $"{user}\n{sender}";

    private static List<long> Of(Dictionary<string, List<long>> index, string user)
    {
        if (!index.TryGetValue(user, out var sequences)) index.Add(user, sequences = []);
        return sequences;
    }

    private static void Insert(List<long> sequences, long sequence)
    {
        if (sequences.Count == 0 || sequences[^1] < sequence) sequences.Add(sequence);
        else if (sequences.BinarySearch(sequence) is < 0 and var place) sequences.Insert(~place, sequence);
    }

    private static void Remove(Dictionary<string, List<long>> index, string user, long sequence)
    {
        if (index.TryGetValue(user, out var sequences) && sequences.BinarySearch(sequence) is >= 0 and var place)
            sequences.RemoveAt(place);
    }

    private static int CountAbove(List<long>? sequences, long read)
    {
        if (sequences is null) return 0;
        var place = sequences.BinarySearch(read);
        return sequences.Count - (place >= 0 ? place + 1 : ~place);
    }
}
