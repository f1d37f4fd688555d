using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>One subscription across connections: its place in the channel, and what waits for the application. Guarded by its table.</summary>
internal sealed class ChannelStream(string channel, SubscribeOptions start, int readBuffer, Backoff backoff)
{
    // Enough for what is edited during an interruption; reading a long channel full of edits from its start goes by history.
    private const int HeldLimit = 500;
    private readonly List<ChannelUpdate> _updates = [];

    public string Channel => channel;

    public SubscribeOptions Start { get; private set; } = start;

    public StreamPhase Phase { get; set; }

    public ChannelFold Fold { get; } = new(HeldLimit);

    public StreamBuffer Buffer { get; } = new(readBuffer);

    public Backoff Backoff => backoff;

    /// <summary>The request that asks for the subscription; 0 where none is under way.</summary>
    public long RequestId { get; set; }

    /// <summary>Wakes it for another try.</summary>
    public ITimer? Timer { get; set; }

    /// <summary>Whether something was applied since it was last subscribed.</summary>
    public bool Progressed { get; set; }

    /// <summary>Ends when it is subscribed for the first time.</summary>
    public TaskCompletionSource<ChannelSubscription> First { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Set while filling waits for the reader.</summary>
    public TaskCompletionSource? Room { get; set; }

    /// <summary>Whether it asks for what comes after a cursor, which may be of an earlier epoch.</summary>
    public bool AsksFromCursor => (Fold.Cursor ?? Start.Cursor) is not null;

    /// <summary>Whether it asks for all that there is, in whichever epoch.</summary>
    public bool AsksFromStart => (Fold.Cursor ?? Start.Cursor) == ChannelCursor.Start;

    public void WriteRequest(FrameBuffer output, long id)
    {
        if ((Fold.Cursor ?? Start.Cursor) is { } cursor)
            ClientRequests.SubscribeAfter(output, id, channel, cursor.Version, cursor.Epoch);
        else
            ClientRequests.SubscribeRecent(output, id, channel, Start.RecentCount);
    }

    /// <summary>Takes the reply; false where its epoch is not that of the cursor that was asked for.</summary>
    public bool Begin(SubscribedFrame reply)
    {
        var asked = Fold.Cursor ?? Start.Cursor;
        if (asked?.Epoch is { } epoch && epoch != reply.Epoch) return false;
        if (Fold.Cursor is not null) Fold.Resume();
        else if (asked is not null) Fold.Begin(asked with { Epoch = reply.Epoch });
        else if (Start.RecentCount is not null) Fold.BeginRecent(reply.Epoch);
        else Fold.Begin(new ChannelCursor(reply.Epoch, reply.Version, reply.Sequence));
        Progressed = false;
        First.TrySetResult(new ChannelSubscription(reply.Epoch, reply.Version, reply.Sequence, reply.Read, reply.Role, reply.Settings, reply.Muted, reply.MutedUntil));
        return true;
    }

    /// <summary>The channel began anew. Where the recent messages were not asked for, nothing of its new epoch may be missed.</summary>
    public void Reset()
    {
        Fold.Forget();
        if (Start.RecentCount is null) Start = SubscribeOptions.FromStart;
        Buffer.Write(new StreamItem(new ChannelReset(), ChannelCursor.Start));
    }

    public FoldOutcome Apply(EventFrame frame)
    {
        var before = Fold.Cursor;
        return Deliver(before, Fold.Apply(frame, _updates));
    }

    public FoldOutcome Apply(ChangesFrame page)
    {
        var before = Fold.Cursor;
        return Deliver(before, Fold.Apply(page, _updates));
    }

    public void ApplyHistory(IReadOnlyList<Message> messages)
    {
        var before = Fold.Cursor;
        Fold.ApplyHistory(messages, _updates);
        Deliver(before, FoldOutcome.Applied);
    }

    /// <summary>Passes on what bears no version.</summary>
    public void Deliver(ChannelUpdate update) => Buffer.Write(new StreamItem(update, null));

    private FoldOutcome Deliver(ChannelCursor? place, FoldOutcome outcome)
    {
        if (outcome == FoldOutcome.Applied && !Progressed)
        {
            Progressed = true;
            backoff.Reset();
        }

        // Amid a page the cursor to resume from is before the page, with those of its messages that were passed on.
        for (var i = 0; i < _updates.Count; i++)
        {
            if (i == _updates.Count - 1) place = Fold.Cursor;
            else if (_updates[i] is MessagePosted posted && place is not null) place = place with { Sequence = posted.Message.Sequence };
            Buffer.Write(new StreamItem(_updates[i], place));
        }

        _updates.Clear();
        return outcome;
    }
}
