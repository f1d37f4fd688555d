namespace RealtimeKit.Protocol;

/// <summary>A part of a text.</summary>
/// <param name="Start">Where it begins, in UTF-16 code units.</param>
/// <param name="Length">How long it is, in UTF-16 code units.</param>
public readonly record struct TextRange(int Start, int Length)
{
    /// <summary>Where it ends: the unit behind its last.</summary>
    public int End => Start + Length;
}
