namespace RealtimeKit.Presence;

/// <summary>Hashes that are the same in every process, unlike those of the runtime. Not for what an attacker chooses.</summary>
internal static class StableHash
{
    /// <summary>FNV-1a over the characters, 64 bits, its result mixed.</summary>
    public static ulong Of(string text)
    {
        var hash = 14_695_981_039_346_656_037UL;
        foreach (var character in text) hash = (hash ^ character) * 1_099_511_628_211UL;
        return Mix(hash);
    }

    /// <summary>The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): every bit of the result depends on every bit given.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBUL;
        return value ^ (value >> 31);
    }
}
