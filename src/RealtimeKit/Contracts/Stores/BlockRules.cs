using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>A user blocks another one, or ends that.</summary>
/// <param name="User">Who blocks.</param>
/// <param name="Other">Who is blocked.</param>
/// <param name="Remove">Whether the block ends.</param>
public sealed record BlockChange(string User, string Other, bool Remove = false)
{
    /// <summary>The key of the direct channel of the two, as <see cref="NewChannel.Pair"/> has it.</summary>
    public string Pair => NewChannel.PairOf(User, Other);

    /// <summary>Decides on the change. A pure function, which a store calls inside its transaction with what it found.</summary>
    /// <param name="isBlocked">Whether the other one is blocked already.</param>
    /// <param name="count">How many the user blocks, or <see cref="ProtocolConstants.MaxBlockedUsers"/> where these are more.</param>
    /// <returns>
    /// What becomes of it. Where that is <see cref="BlockOutcome.Changed"/> the store writes it, and raises the revision of the direct channel of
    /// the two, if there is one, unless the block ends.
    /// </returns>
    public BlockOutcome Decide(bool isBlocked, long count) =>
        isBlocked != Remove ? BlockOutcome.Unchanged
        : !Remove && count >= ProtocolConstants.MaxBlockedUsers ? BlockOutcome.TooMany
        : BlockOutcome.Changed;
}

/// <summary>What became of a block.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Channel">The direct channel of the two, where its revision rose.</param>
public readonly record struct BlockResult(BlockOutcome Outcome, string? Channel = null)
{
    private readonly IReadOnlyList<string>? _recounted;

    /// <summary>
    /// The channels of the user in which the blocked one mentions the user: there the number of mentions may be another one now. A store with
    /// inboxes has stamped the user's rows of them.
    /// </summary>
    public IReadOnlyList<string> Recounted
    {
        get => _recounted ?? [];
        init => _recounted = value is { Count: > 0 } ? value : null;
    }
}

/// <summary>What may become of a block.</summary>
public enum BlockOutcome
{
    /// <summary>It changed.</summary>
    Changed,

    /// <summary>It was so already.</summary>
    Unchanged,

    /// <summary>The user blocks as many as are allowed.</summary>
    TooMany,
}
