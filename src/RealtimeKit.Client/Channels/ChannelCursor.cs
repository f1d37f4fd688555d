namespace RealtimeKit.Client;

/// <summary>
/// A place in a channel's stream of changes. Kept by an application, it lets a later subscription go on exactly there.
/// </summary>
/// <param name="Epoch">The channel's epoch; <see langword="null"/> for whichever it has.</param>
/// <param name="Version">The last change that was seen; 0 for the beginning.</param>
/// <param name="Sequence">The last message that was seen; 0 for none.</param>
public sealed record ChannelCursor(string? Epoch, long Version, long Sequence)
{
    /// <summary>Before the first message of a channel.</summary>
    public static ChannelCursor Start { get; } = new(null, 0, 0);
}
