using RealtimeKit.Delivery;
using RealtimeKit.Protocol;

namespace RealtimeKit.Sessions;

/// <summary>One channel of a session.</summary>
internal sealed class SessionChannel(string name)
{
    public string Name { get; } = name;

    private int _publishes;
    private long _batch;
    private long _lowest;

    public Subscription? Subscription { get; set; }

    /// <summary>The user's rights in the channel, while they are known.</summary>
    public Grant? Grant { get; set; }

    /// <summary>The error that publishes get until the client has had the chance to begin again from the first refused one.</summary>
    public Refusal? Refusal { get; set; }

    /// <summary>Whether it has nothing that the store does not have, and may be forgotten. Called by the connection's own requests.</summary>
    public bool IsIdle => Volatile.Read(ref _publishes) == 0 && Subscription is null && Refusal is null;

    /// <summary>A publish is on its way into the store, and may yet be refused.</summary>
    public void BeginPublish() => Interlocked.Increment(ref _publishes);

    /// <summary>Takes one more publish into a batch. Only the append queue's committer calls it, for one batch at a time.</summary>
    /// <returns>The lowest revision among those of the batch so far.</returns>
    public long Lower(long batch, long revision)
    {
        (_lowest, IsStale) = batch == _batch ? (Math.Min(_lowest, revision), IsStale) : (revision, false);
        _batch = batch;
        return _lowest;
    }

    /// <summary>Whether a publish of the batch that <see cref="Lower"/> was called for last was stale. Only the committer uses it.</summary>
    public bool IsStale { get; set; }

    public void EndPublish() => Interlocked.Decrement(ref _publishes);
}

/// <summary>A user's kind of access to a channel that exists.</summary>
/// <param name="Kind">The channel's kind.</param>
/// <param name="Role">The user's role, or <see langword="null"/>.</param>
/// <param name="IsClosed">Whether the channel is closed.</param>
/// <param name="Pause">How much time must pass between two posts of the user.</param>
/// <param name="Revision">The channel's revision at which that was so.</param>
/// <param name="Epoch">The channel's epoch.</param>
/// <param name="Until">When to ask the store again, on the node's coarse clock: another node's notice of a change may be lost.</param>
internal sealed record Grant(ChannelKind Kind, ChannelRole? Role, bool IsClosed, TimeSpan Pause, long Revision, string Epoch, long Until);

/// <summary>Why publishes of a session to a channel are refused.</summary>
/// <param name="Code">The error's code.</param>
/// <param name="Message">Its message.</param>
/// <param name="RetryAfter">When to try again, in milliseconds.</param>
/// <param name="First">The first message that was refused.</param>
internal sealed record Refusal(string Code, string Message, int? RetryAfter, MessageId First)
{
    public static Refusal TooSoon(MessageId first, TimeSpan wait) => new(
        ErrorCodes.RateLimited, "The channel is in slow mode: wait before you post again.", (int)Math.Ceiling(wait.TotalMilliseconds), first);

    /// <summary>The number of the ping behind the first error; its pong shows that the client has read that.</summary>
    public int Ping { get; set; }

    public static Refusal Unavailable(MessageId first) =>
        new(ErrorCodes.Unavailable, "The store is out of reach: send the same message again.", null, first);
}
