using RealtimeKit.Checking.Clients;
using RealtimeKit.Checking.Runs;

namespace RealtimeKit.Checking.Files;

/// <summary>A world whose nodes keep files in one folder.</summary>
internal interface IFileWorld
{
    /// <summary>How long a file stays that no message has.</summary>
    TimeSpan Keep { get; }

    /// <summary>The ids of all files and uploads of which there are bytes.</summary>
    IReadOnlyCollection<string> Stored();

    /// <summary>The way of a user to one node and no other, by a network that no fault touches.</summary>
    Task<IFileWay> WayToAsync(IWorldNode node, string user);
}

/// <summary>How one user reaches the endpoint of files.</summary>
internal interface IFileWay
{
    /// <summary>Makes a request as the user, over a connection of its own.</summary>
    /// <param name="method">The method.</param>
    /// <param name="id">The file; null for the place where uploads begin.</param>
    /// <param name="headers">The headers.</param>
    /// <param name="body">The bytes, or null.</param>
    /// <exception cref="ConnectionLostException">No whole answer came.</exception>
    Task<FileAnswer> SendAsync(HttpMethod method, string? id, IReadOnlyDictionary<string, string> headers, byte[]? body);
}

/// <summary>An answer.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Headers">Its headers, by names in lower case.</param>
/// <param name="Body">Its bytes.</param>
internal sealed record FileAnswer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body);
