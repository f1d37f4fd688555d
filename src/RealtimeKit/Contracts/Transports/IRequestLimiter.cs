using System.Net;

namespace RealtimeKit.Transports;

/// <summary>The limits of requests, for what users do by other ways than a connection, such as uploads. Safe for concurrent use.</summary>
public interface IRequestLimiter
{
    /// <summary>Takes one request of a user.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="caller">The user.</param>
    /// <param name="retryAfter">After how many milliseconds it may be made again, where it may not be made now.</param>
    bool TryTake(RequestKind kind, string caller, out int retryAfter);

    /// <summary>Whether a sign-in from an address may be tried.</summary>
    /// <param name="address">The address; <see langword="null"/> where it is not known.</param>
    /// <param name="retryAfter">After how many milliseconds it may be tried again, where it may not be tried now.</param>
    bool MaySignIn(IPAddress? address, out int retryAfter);

    /// <summary>Counts a refused sign-in.</summary>
    /// <param name="address">The address; <see langword="null"/> where it is not known.</param>
    void NoteRefusedSignIn(IPAddress? address);
}
