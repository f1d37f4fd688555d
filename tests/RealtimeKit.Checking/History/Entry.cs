using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RealtimeKit.Checking.History;

/// <summary>A message as somebody told it: the log, an event or a page.</summary>
internal sealed record Entry
{
    public required Guid Id { get; init; }

    public required string Channel { get; init; }

    public required long Sequence { get; init; }

    public required long Version { get; init; }

    public required string Sender { get; init; }

    public required DateTimeOffset Time { get; init; }

    public string? Text { get; init; }

    public long? ReplyTo { get; init; }

    public DateTimeOffset? EditedAt { get; init; }

    public DateTimeOffset? DeletedAt { get; init; }

    public DateTimeOffset? PinnedAt { get; init; }

    public string? PinnedBy { get; init; }

    public IReadOnlyList<Reaction> Reactions { get; init; } = [];

    /// <summary>What of it can be compared with what another reader was told, in a few bytes.</summary>
    public Stamp Stamp() => new(Sequence, Version, Id, Digest.Of(Body()), Reaction.DigestOf(Reactions));

    public string Describe() => string.Create(
        CultureInfo.InvariantCulture, $"{Channel} {Sequence} v{Version} {Id} {Body()} {Reaction.Describe(Reactions)}");

    private string Body() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Sender} {Time.ToUnixTimeMilliseconds()} '{Text}' re {ReplyTo} edited {EditedAt?.ToUnixTimeMilliseconds()} deleted {DeletedAt?.ToUnixTimeMilliseconds()} pinned {PinnedAt?.ToUnixTimeMilliseconds()} {PinnedBy}");
}

/// <summary>How often a reaction was given, and by whom first.</summary>
internal sealed record Reaction(string Name, int Count, IReadOnlyList<string> Users)
{
    public static ulong DigestOf(IReadOnlyList<Reaction> reactions) => reactions.Count == 0 ? 0 : Digest.Of(Describe(reactions));

    public static string Describe(IReadOnlyList<Reaction> reactions) => string.Join(' ', reactions
        .OrderBy(reaction => reaction.Name, StringComparer.Ordinal)
        .Select(reaction => $"{reaction.Name}:{reaction.Count}:{string.Join(',', reaction.Users)}"));
}

/// <summary>
/// A message at one version: what it says and its reactions as digests, so that what every reader saw fits into memory.
/// </summary>
/// <param name="Sequence">Its place.</param>
/// <param name="Version">Its last change.</param>
/// <param name="Id">Its identity.</param>
/// <param name="Body">All but the reactions; 0 where that is not known.</param>
/// <param name="Reactions">The reactions.</param>
internal readonly record struct Stamp(long Sequence, long Version, Guid Id, ulong Body, ulong Reactions);

internal static class Digest
{
    /// <summary>A number that differs where the text does; never 0.</summary>
    public static ulong Of(string text)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return Math.Max(1, BitConverter.ToUInt64(hash));
    }
}
