using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Checking.Plants;

/// <summary>Acknowledges although the commit failed.</summary>
internal sealed class AcknowledgesBeforeCommit(IMessageStore inner) : StoreDouble(inner)
{
    private readonly Numbers _numbers = new();

    public override async ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken)
    {
        try
        {
            var results = await Inner.AppendAsync(changes, cancellationToken);
            _numbers.Learn(results);
            return results;
        }
        catch (StoreUnavailableException) when (changes.All(change => change is PostChange { OnlyIfKnown: false, ReplyTo: null }))
        {
            return [.. changes.Cast<PostChange>().Select(post => Pretend(post, _numbers.Take(post.Channel) ?? (1, 1)))];
        }
    }

    internal static AppendResult Pretend(PostChange post, (long Sequence, long Version) numbers) =>
        new(AppendOutcome.Appended, ChangeRules.Post(post, numbers.Sequence, numbers.Version, null));
}

/// <summary>Acknowledges the last post of some batches that it never stores.</summary>
internal sealed class AcknowledgesWithoutStoring(IMessageStore inner, Func<IReadOnlyList<MessageChange>, bool> isChosen) : StoreDouble(inner)
{
    private readonly Numbers _numbers = new();

    public override async ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken)
    {
        if (changes[^1] is not PostChange { OnlyIfKnown: false, ReplyTo: null } post || !isChosen(changes)) return await StoreAsync(changes, cancellationToken);
        var others = changes.Take(changes.Count - 1).ToList();
        var results = others.Count == 0 ? [] : await StoreAsync(others, cancellationToken);
        return _numbers.Take(post.Channel) is { } next ? [.. results, AcknowledgesBeforeCommit.Pretend(post, next)] : await StoreAsync(changes, cancellationToken);
    }

    private async ValueTask<IReadOnlyList<AppendResult>> StoreAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken)
    {
        var results = await Inner.AppendAsync(changes, cancellationToken);
        _numbers.Learn(results);
        return results;
    }
}

/// <summary>Does something to the results of a real append.</summary>
internal sealed class ChangesResults(IMessageStore inner, int every, Func<MessageChange, AppendResult, AppendResult?> change) : StoreDouble(inner)
{
    private readonly Every _every = new(every);

    public override async ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken)
    {
        var results = (await Inner.AppendAsync(changes, cancellationToken)).ToList();
        for (var i = 0; i < results.Count; i++)
            if (change(changes[i], results[i]) is { } other && _every.Now()) results[i] = other;
        return results;
    }
}

/// <summary>After a restart the first post of each channel gets the number of the last one before.</summary>
internal sealed class ReusesSequences(IMessageStore inner, bool again) : StoreDouble(inner)
{
    private readonly HashSet<string> _done = [];

    public override async ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken)
    {
        var results = await Inner.AppendAsync(changes, cancellationToken);
        return again ? [.. results.Select(Reuse)] : results;
    }

    private AppendResult Reuse(AppendResult result) =>
        result is { Outcome: AppendOutcome.Appended, Message: { EditedAt: null, DeletedAt: null, Reactions.Count: 0, Sequence: > 1 } message } && _done.Add(message.Channel)
            ? result with { Message = message with { Sequence = message.Sequence - 1 } }
            : result;
}

/// <summary>Stores two messages of one sender in the opposite order.</summary>
internal sealed class SwapsOrder(IMessageStore inner) : StoreDouble(inner)
{
    private readonly Every _every = new(20);

    public override async ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken)
    {
        for (var i = 1; i < changes.Count; i++)
        {
            if (changes[i - 1] is not PostChange first || changes[i] is not PostChange second || first.Channel != second.Channel || first.Sender != second.Sender) continue;
            if (!_every.Now()) continue;
            var results = (await Inner.AppendAsync(Swap(changes, i), cancellationToken)).ToList();
            return Swap(results, i);
        }

        return await Inner.AppendAsync(changes, cancellationToken);
    }

    private static List<T> Swap<T>(IReadOnlyList<T> list, int at)
    {
        var swapped = list.ToList();
        (swapped[at - 1], swapped[at]) = (swapped[at], swapped[at - 1]);
        return swapped;
    }
}

/// <summary>Does not look whether a message is there already: a repeated one is stored again, under the same id.</summary>
internal sealed class ForgetsDuplicates(IMessageStore inner) : StoreDouble(inner)
{
    public override async ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken)
    {
        var results = (await Inner.AppendAsync(changes, cancellationToken)).ToList();
        for (var i = 0; i < results.Count; i++)
        {
            // The real store would not take the id twice, so the copy bears another there, and the same one to all who read.
            if (results[i].Outcome == AppendOutcome.Duplicate && changes[i] is PostChange { OnlyIfKnown: false } post)
                results[i] = (await Inner.AppendAsync([post with { Id = Alias(post.Id) }], cancellationToken))[0];
        }

        return [.. results.Select(result => result with { Message = result.Message is { } message ? Show(message) : null })];
    }

    public override async ValueTask<MessagePage?> ReadChangesAsync(string channel, long afterVersion, PageLimit limit, CancellationToken cancellationToken) =>
        Show(await Inner.ReadChangesAsync(channel, afterVersion, limit, cancellationToken));

    public override async ValueTask<MessagePage?> ReadHistoryAsync(HistoryQuery query, CancellationToken cancellationToken) =>
        Show(await Inner.ReadHistoryAsync(query, cancellationToken));

    private static MessagePage? Show(MessagePage? page) => page is null ? null : page with { Messages = [.. page.Messages.Select(Show)] };

    private static Message Show(Message message) => message with { Id = Original(message.Id) };

    private static MessageId Alias(MessageId id) => Version(id, 0xf0);

    private static MessageId Original(MessageId id) => id.Value.ToByteArray(bigEndian: true)[6] >> 4 == 0xf ? Version(id, 0x70) : id;

    private static MessageId Version(MessageId id, int version)
    {
        var bytes = id.Value.ToByteArray(bigEndian: true);
        bytes[6] = (byte)((bytes[6] & 0x0f) | version);
        return new MessageId(new Guid(bytes, bigEndian: true));
    }
}

/// <summary>Never comes back from some append.</summary>
internal sealed class Hangs(IMessageStore inner) : StoreDouble(inner)
{
    private readonly Every _every = new(200);

    public override async ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken)
    {
        if (_every.Now()) await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        return await Inner.AppendAsync(changes, cancellationToken);
    }
}

/// <summary>Says of some append that it failed, and carries it out later.</summary>
internal sealed class CarriesOutWhatWasGivenUp(IMessageStore inner, TimeProvider time) : StoreDouble(inner)
{
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(2);
    private readonly Every _every = new(10);

    public override ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken)
    {
        if (!_every.Now()) return Inner.AppendAsync(changes, cancellationToken);
        _ = CarryOutAsync([.. changes]);
        throw new StoreUnavailableException("This call was given up.");
    }

    private async Task CarryOutAsync(List<MessageChange> changes)
    {
        try
        {
            await Task.Delay(Late, time);
            await Inner.AppendAsync(changes, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // Then it failed indeed.
        }
    }
}

/// <summary>True once in so many times.</summary>
internal sealed class Every(int times)
{
    private int _count;

    public bool Now() => Interlocked.Increment(ref _count) % times == 0;
}

/// <summary>Does not compare the revision at which a change was permitted.</summary>
internal sealed class IgnoresRevisions(IMessageStore inner) : StoreDouble(inner)
{
    public override ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken) =>
        Inner.AppendAsync([.. changes.Select(change => change with { Revision = null })], cancellationToken);
}
