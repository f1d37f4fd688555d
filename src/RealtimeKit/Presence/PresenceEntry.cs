namespace RealtimeKit.Presence;

/// <summary>How one user is present in one channel through one node.</summary>
/// <param name="Connections">How many of the user's connections are subscribed; 0 for none, and then the entry is as if it were not there.</param>
/// <param name="Away">How many of them are idle.</param>
/// <param name="Since">When the first of them came, in milliseconds of Unix time.</param>
internal readonly record struct PresenceEntry(int Connections, int Away, long Since)
{
    /// <summary>The part of this entry in the digest of all: entries are added, so that their order does not matter.</summary>
    public ulong Digest(string user) => Connections == 0
        ? 0
        : StableHash.Mix(StableHash.Mix(StableHash.Of(user) ^ (uint)Connections) ^ ((ulong)(uint)Away << 48) ^ (ulong)Since);
}

/// <summary>A user and how the user is present.</summary>
/// <param name="User">The user.</param>
/// <param name="Entry">How.</param>
internal readonly record struct PresenceOf(string User, PresenceEntry Entry);

/// <summary>What a change did to a user's status, over all nodes.</summary>
/// <param name="User">The user.</param>
/// <param name="Before">The status before.</param>
/// <param name="After">The status after.</param>
internal readonly record struct StatusChange(string User, string Before, string After);
