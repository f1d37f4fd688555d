using System.Collections.Frozen;
using System.Text;
using RealtimeKit.Protocol;

namespace RealtimeKit.Requests;

/// <summary>Handles one request and answers it.</summary>
internal delegate ValueTask RequestHandler(Request request);

/// <summary>One type of request.</summary>
/// <param name="Name">Its name in the protocol.</param>
/// <param name="Handler">Handles it.</param>
/// <param name="BeforeSignIn">Whether it may come before the sign-in.</param>
/// <param name="WaitsForPublishes">Whether it is handled only when the publishes before it are decided.</param>
/// <param name="Limit">The limit that it counts for; <see langword="null"/> for none, or where its handler takes the turn.</param>
/// <param name="ReachesReaders">Whether all readers of a channel get something by it: then it waits while the node or its store is behind.</param>
internal sealed record RequestType(
    string Name, RequestHandler Handler, RequestKind? Limit, bool BeforeSignIn = false, bool WaitsForPublishes = true, bool ReachesReaders = false);

/// <summary>Handles a family of requests.</summary>
internal interface IRequestFamily
{
    /// <summary>The feature that <c>connected</c> announces for it, where it is one that a node may lack.</summary>
    string? Feature => null;

    /// <summary>The types that it handles.</summary>
    IEnumerable<RequestType> Types { get; }
}

/// <summary>All types of requests that this server has, by name.</summary>
internal sealed class RequestTable(IEnumerable<IRequestFamily> families)
{
    private readonly FrozenDictionary<string, RequestType>.AlternateLookup<ReadOnlySpan<char>> _types = families
        .SelectMany(static family => family.Types)
        .ToFrozenDictionary(static type => type.Name, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Finds a type by its name in UTF-8; null where there is none.</summary>
    public RequestType? Find(ReadOnlySpan<byte> name)
    {
        if (name.Length > ProtocolConstants.MaxNameLength) return null;
        Span<char> characters = stackalloc char[ProtocolConstants.MaxNameLength];
        return Find(characters[..Encoding.UTF8.GetChars(name, characters)]);
    }

    /// <summary>Finds a type by its name; null where there is none.</summary>
    public RequestType? Find(ReadOnlySpan<char> name) => _types.TryGetValue(name, out var type) ? type : null;
}
