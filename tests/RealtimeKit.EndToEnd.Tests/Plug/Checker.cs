using RealtimeKit.Protocol;

namespace RealtimeKit.EndToEnd.Plug;

/// <summary>Compares what was promised, what is stored and what was seen, and says every difference.</summary>
internal sealed class Checker(Ledger ledger)
{
    private readonly List<string> _faults = [];

    public IReadOnlyList<string> Faults => _faults;

    /// <summary>What is stored in a channel against what was asked and promised.</summary>
    public void CheckStored(string channel, IReadOnlyList<Message> history)
    {
        for (var i = 0; i < history.Count; i++)
            if (history[i].Sequence != i + 1) Fault($"{channel}: message {i + 1} is missing from the history, {history[i].Sequence} stands there");
        foreach (var copies in history.GroupBy(message => message.Id.Value).Where(group => group.Count() > 1))
            Fault($"{channel}: {copies.Key} is stored {copies.Count()} times, as {string.Join(", ", copies.Select(copy => copy.Sequence))}");
        foreach (var message in history) CheckOrigin(channel, message);

        var byId = history.GroupBy(message => message.Id.Value).ToDictionary(group => group.Key, group => group.First());
        foreach (var posting in ledger.Postings.Where(posting => posting.Channel == channel))
        {
            if (posting.Acknowledged is not { } acknowledged)
            {
                if (!posting.Abandoned) Fault($"{channel}: {posting.Id} of {posting.Sender} was never acknowledged");
            }
            else if (!byId.TryGetValue(posting.Id.Value, out var stored)) Fault($"{channel}: {posting.Id} was acknowledged as {acknowledged.Sequence} and is lost");
            else if (stored.Sequence != acknowledged.Sequence) Fault($"{channel}: {posting.Id} was acknowledged as {acknowledged.Sequence} and is stored as {stored.Sequence}");
        }

        foreach (var sender in history.Select(message => ledger.Find(message.Id)).OfType<Posting>().GroupBy(posting => posting.Sender))
        {
            var numbers = sender.Select(posting => posting.Number).ToList();
            if (!numbers.SequenceEqual(numbers.Order())) Fault($"{channel}: the messages of {sender.Key} are out of their order: {FirstFall(numbers)}");
        }
    }

    /// <summary>What one reader saw of a channel against what is stored.</summary>
    public void CheckSeen(string user, ChannelView view, IReadOnlyList<Message> history)
    {
        var where = $"{view.Channel} as {user} saw it";
        if (view.Surprise is { } surprise) Fault($"{where}: {surprise}");
        var posted = view.Posted;
        for (var i = 0; i < Math.Max(posted.Count, history.Count); i++)
        {
            var (seen, stored) = (posted.ElementAtOrDefault(i), history.ElementAtOrDefault(i));
            if (seen?.Sequence == stored?.Sequence && seen?.Id == stored?.Id) continue;
            Fault($"{where}: update {i + 1} is {Name(seen)} where {Name(stored)} is stored");
            break;
        }

        var present = view.Present;
        foreach (var stored in history)
            if (present.TryGetValue(stored.Sequence, out var seen) && !Same(seen, stored))
                Fault($"{where}: message {stored.Sequence} differs from the history:\n  seen   {Say(seen)}\n  stored {Say(stored)}");
    }

    /// <summary>What the server brings after a version against what it must bring.</summary>
    public void CheckResume(string channel, long after, List<long> versions, IReadOnlyList<Message> history)
    {
        var expected = history.Select(message => message.Version).Where(version => version > after).Order().ToList();
        if (versions.SequenceEqual(expected)) return;
        Fault($"{channel} after version {after}: {expected.Count} changes expected, {versions.Count} came; missing " +
            $"{string.Join(", ", expected.Except(versions).Take(5))}; too many {string.Join(", ", versions.Except(expected).Take(5))}");
    }

    public void Fault(string fault) => _faults.Add(fault);

    private void CheckOrigin(string channel, Message message)
    {
        if (ledger.Find(message.Id) is not { } posting || posting.Channel != channel)
        {
            Fault($"{channel}: {Name(message)} was never sent");
            return;
        }

        if (posting.Sender != message.Sender) Fault($"{channel}: {Name(message)} is of {posting.Sender}, not of {message.Sender}");
        if (message.DeletedAt is not null)
        {
            if (!posting.DeletionAsked) Fault($"{channel}: {Name(message)} is deleted, and nobody asked for it");
            return;
        }

        if (posting.DeletionConfirmed) Fault($"{channel}: the deletion of {Name(message)} was confirmed and is lost");
        if (!posting.MaySay(message.Text)) Fault($"{channel}: {Name(message)} says what it should not: {message.Text}");
        var reactions = message.Reactions.SelectMany(reaction => reaction.Users.Select(user => (user, reaction.Reaction))).ToHashSet();
        var asked = posting.Reactings;
        foreach (var (user, reaction) in reactions)
            if (!asked.Any(one => one.User == user && one.Reaction == reaction)) Fault($"{channel}: {user} never gave {reaction} to {Name(message)}");
        foreach (var lost in asked.Where(one => one.Confirmed && !reactions.Contains((one.User, one.Reaction))))
            Fault($"{channel}: {lost.Reaction} of {lost.User} to {Name(message)} was confirmed and is lost");
    }

    private static bool Same(Message one, Message other) =>
        one.Version == other.Version && one.Content == other.Content && one.DeletedAt == other.DeletedAt && one.EditedAt == other.EditedAt
        && one.Reactions.OrderBy(reaction => reaction.Reaction, StringComparer.Ordinal).Select(Say)
            .SequenceEqual(other.Reactions.OrderBy(reaction => reaction.Reaction, StringComparer.Ordinal).Select(Say));

    private static string Say(ReactionSummary reaction) => $"{reaction.Reaction}:{reaction.Count}:{string.Join(',', reaction.Users)}";

    private static string Say(Message message) =>
        $"v{message.Version} '{message.Text}' edited {message.EditedAt:o} deleted {message.DeletedAt:o} {string.Join(' ', message.Reactions.Select(Say))}";

    private static string Name(Message? message) => message is null ? "nothing" : $"message {message.Sequence} ({message.Id})";

    private static string FirstFall(List<int> numbers)
    {
        var at = Enumerable.Range(1, numbers.Count - 1).First(i => numbers[i] < numbers[i - 1]);
        return $"number {numbers[at]} comes after {numbers[at - 1]}";
    }
}
