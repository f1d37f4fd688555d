namespace RealtimeKit.Protocol;

/// <summary>The reactions to one message.</summary>
/// <param name="Reactions">How often each was given.</param>
/// <param name="Own">Those that the user gave who was asked for: for a client its own.</param>
public sealed record MessageReactions(IReadOnlyList<ReactionSummary> Reactions, IReadOnlyList<string> Own);
