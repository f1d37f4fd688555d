using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// Decides a batch of changes, the same in every store. Within one transaction a store locks and adds the <see cref="Channels"/>, adds what
/// the changes are about, calls <see cref="Decide()"/>, and writes what the plan has then. Not safe for concurrent use.
/// </summary>
/// <remarks>
/// A plan reads nothing itself. Each change is decided on what those before it left, so the database is written only at the end, each row
/// once. To be added to a <see cref="ChannelPlan"/>, where they exist: the message of <see cref="TargetOf"/>; for a post the message that
/// has its id; for a reaction whether the user has given it, and for one that is taken back also the first users who gave it; for a post with a <see cref="PostChange.Pause"/> when
/// its sender posted last; for a <see cref="PinChange"/> how many messages are pinned. A store
/// that has <see cref="IFileRecords"/> also adds, of the channel's files, those of <see cref="FilesOf"/>, and for an edit or a deletion those that the message has taken.
/// </remarks>
public sealed class AppendPlan
{
    private readonly IReadOnlyList<MessageChange> _changes;
    private readonly List<string> _names = [];
    private readonly Dictionary<string, ChannelPlan?> _channels = new(StringComparer.Ordinal);

    /// <summary>Begins a plan.</summary>
    /// <param name="changes">The batch.</param>
    public AppendPlan(IReadOnlyList<MessageChange> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        _changes = changes;
        foreach (var change in changes)
        {
            if (_channels.TryAdd(change.Channel, null)) _names.Add(change.Channel);
        }
    }

    /// <summary>The names of the channels that the batch is about, each once.</summary>
    public IReadOnlyList<string> Channels => _names;

    /// <summary>The channels that the decided batch changes, whose heads are to be written.</summary>
    public IEnumerable<ChannelPlan> Changed => _channels.Values.OfType<ChannelPlan>().Where(static channel => channel.Changed is not null);

    /// <summary>The message of its channel that a change is about: the one to change, or the one that a post answers.</summary>
    public static long? TargetOf(MessageChange change) => change switch
    {
        PostChange post => post.ReplyTo,
        EditChange edit => edit.Sequence,
        DeleteChange delete => delete.Sequence,
        ReactChange react => react.Sequence,
        PinChange pin => pin.Sequence,
        _ => null,
    };

    /// <summary>The files that a change names, to be taken or kept by its message.</summary>
    public static IReadOnlyList<string> FilesOf(MessageChange change) => change switch
    {
        PostChange post => post.Files,
        EditChange edit => edit.Files ?? [],
        _ => [],
    };

    /// <summary>Adds one of the <see cref="Channels"/>; one that does not exist is not added.</summary>
    public void Add(ChannelPlan channel)
    {
        ArgumentNullException.ThrowIfNull(channel);
        _channels[channel.Name] = channel;
    }

    /// <summary>Finds a channel that was added.</summary>
    public ChannelPlan? Find(string channel) => _channels.GetValueOrDefault(channel);

    /// <summary>Decides all changes in their order.</summary>
    /// <returns>One result for each.</returns>
    /// <exception cref="ArgumentException">A change is of a kind that this version does not know.</exception>
    public AppendResult[] Decide()
    {
        var results = new AppendResult[_changes.Count];
        for (var i = 0; i < results.Length; i++) results[i] = Decide(_changes[i]);
        return results;
    }

    private AppendResult Decide(MessageChange change) => Find(change.Channel) is { } channel
        ? (ChangeRules.Refuse(change, channel.Epoch) ?? Decide(channel, change)) with { Epoch = channel.Epoch }
        : new AppendResult(AppendOutcome.NoChannel);

    private static AppendResult Decide(ChannelPlan channel, MessageChange change)
    {
        if (change is PostChange post) return Post(channel, post);
        if (IsStale(channel, change)) return new AppendResult(AppendOutcome.Stale);
        if (TargetOf(change) is not { } sequence)
            throw new ArgumentException($"A {change.GetType().Name} is no change that this version knows.", nameof(change));
        if (channel.Find(sequence) is not { } found) return new AppendResult(AppendOutcome.NoMessage);
        var result = change switch
        {
            EditChange edit => Edit(channel, edit, found.Message),
            DeleteChange delete => Delete(channel, delete, found.Message),
            PinChange pin => Pin(channel, pin, found.Message),
            _ => React(channel, (ReactChange)change, found.Message),
        };
        if (result.Outcome == AppendOutcome.Appended) channel.Change(found, result.Message!, change.Time);
        return result;
    }

    private static TimeSpan? FindWait(ChannelPlan channel, PostChange post)
    {
        if (channel.FindWait(post.Sender) is { } earlier) return earlier;
        if (post.Pause <= TimeSpan.Zero) return null;
        // A time in the future is another node's clock: nobody waits longer than the pause.
        var wait = channel.FindLastPost(post.Sender) is { } last ? last + post.Pause - post.Time : TimeSpan.Zero;
        if (wait > post.Pause) wait = post.Pause;
        if (wait > TimeSpan.Zero)
        {
            channel.NoteWait(post.Sender, wait);
            return wait;
        }

        channel.NotePost(post.Sender, post.Time);
        return null;
    }

    private static bool IsStale(ChannelPlan channel, MessageChange change) => change.Revision is { } revision && revision != channel.Revision;

    private static AppendResult Post(ChannelPlan channel, PostChange post)
    {
        // A message that is stored is acknowledged, whatever its sender may do by now.
        if (channel.Find(post.Id) is { } known) return ChangeRules.Repeat(post, known.Message, known.Digest.Span);
        if (IsStale(channel, post)) return new AppendResult(AppendOutcome.Stale);
        var repliedTo = post.ReplyTo is { } sequence ? channel.Find(sequence)?.Message : null;
        if (post.OnlyIfKnown || (post.ReplyTo is not null && repliedTo is null)) return new AppendResult(AppendOutcome.NoMessage);
        if (!channel.MayTake(post.Files, post.Sender, post.Time)) return new AppendResult(AppendOutcome.NoFile);
        if (FindWait(channel, post) is { } wait) return new AppendResult(AppendOutcome.TooSoon, Wait: wait);
        var message = ChangeRules.Post(post, channel.Sequence + 1, channel.Version + 1, repliedTo);
        channel.Post(message, post.Digest);
        channel.Hold(message.Sequence, post.Files, post.Time);
        return new AppendResult(AppendOutcome.Appended, message);
    }

    private static AppendResult Edit(ChannelPlan channel, EditChange edit, Message stored)
    {
        var result = ChangeRules.Edit(edit, stored, channel.Version + 1);
        if (result.Outcome != AppendOutcome.Appended || edit.Files is not { } files) return result;
        if (!channel.MayTake(files, stored.Sender, edit.Time, stored.Sequence)) return new AppendResult(AppendOutcome.NoFile);
        channel.Hold(stored.Sequence, files, edit.Time);
        return result;
    }

    private static AppendResult Delete(ChannelPlan channel, DeleteChange delete, Message stored)
    {
        var result = ChangeRules.Delete(delete, stored, channel.Version + 1);
        if (result.Outcome == AppendOutcome.Appended && stored.Reactions.Count > 0) channel.Reactions.Clear(stored.Sequence);
        if (result.Outcome == AppendOutcome.Appended) channel.Hold(stored.Sequence, [], delete.Time);
        if (result.Outcome != AppendOutcome.Appended || delete.By is not { } by || by == stored.Sender) return result;
        var action = new ChannelAction(delete.Time, by, "delete", stored.Sender, stored.Sequence);
        channel.Keep(action);
        return result with { Action = action };
    }

    private static AppendResult Pin(ChannelPlan channel, PinChange pin, Message stored)
    {
        var result = ChangeRules.Pin(pin, stored, channel.Pinned, channel.Version + 1);
        if (result.Outcome != AppendOutcome.Appended || pin.IsOfApplication) return result;
        var action = new ChannelAction(pin.Time, pin.User, pin.Remove ? "unpin" : "pin", Sequence: pin.Sequence);
        channel.Keep(action);
        return result with { Action = action };
    }

    private static AppendResult React(ChannelPlan channel, ReactChange react, Message stored)
    {
        var result = ChangeRules.React(react, stored, channel.Reactions.Has(react));
        return result.Outcome != AppendOutcome.Appended ? result : result with
        {
            Message = stored with { Reactions = channel.Reactions.Apply(react, stored.Reactions), Version = channel.Version + 1 },
        };
    }
}
