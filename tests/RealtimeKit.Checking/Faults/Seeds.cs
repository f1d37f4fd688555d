using RealtimeKit.Checking.History;

namespace RealtimeKit.Checking.Faults;

/// <summary>Makes one seed many: each part of a run draws from its own, so that no part's draws move another's.</summary>
internal static class Seeds
{
    public static int Derive(int seed, string part) => (int)(Digest.Of($"{seed} {part}") & int.MaxValue);
}
