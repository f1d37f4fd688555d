using RealtimeKit.Protocol;

namespace RealtimeKit.InMemory;

/// <summary>A message as it now is, with what only the store needs to know of it.</summary>
internal sealed class StoredMessage(byte[] digest)
{
    public required Message Message { get; set; }

    public byte[] Digest { get; } = digest;

    public ReactionBook? Reactions { get; set; }
}
