namespace RealtimeKit;

/// <summary>How fast one user may make each kind of request through one node, over all connections together.</summary>
/// <remarks>
/// Each node counts for itself: a user with connections to three nodes may do three times as much. A limiter that several nodes share is
/// given as <see cref="RealtimeOptions.RateLimiter"/>. The bursts are large because a client that was offline sends what waited at once. What the application's own code does is not limited.
/// </remarks>
public sealed class RateLimits
{
    /// <summary>No limits at all.</summary>
    public static RateLimits None => new()
    {
        Posts = RateLimit.None, Changes = RateLimit.None, Signals = RateLimit.None, Reads = RateLimit.None, Searches = RateLimit.None,
        Uploads = RateLimit.None, RefusedSignIns = RateLimit.None,
    };

    /// <summary>New messages. Default: 100 a second, 5,000 at once.</summary>
    public RateLimit Posts { get; set; } = new(100, 5_000);

    /// <summary>Changes of messages, channels, members and the user's own settings. Default: 100 a second, 5,000 at once.</summary>
    public RateLimit Changes { get; set; } = new(100, 5_000);

    /// <summary>Signals and read marks. Default: 100 a second, 5,000 at once.</summary>
    public RateLimit Signals { get; set; } = new(100, 5_000);

    /// <summary>Pages of history, of lists and of presence. Subscribing is not among them. Default: 100 a second, 5,000 at once.</summary>
    public RateLimit Reads { get; set; } = new(100, 5_000);

    /// <summary>Searches. Default: 10 a second, 100 at once.</summary>
    public RateLimit Searches { get; set; } = new(10, 100);

    /// <summary>Files that are begun. Default: 5 a second, 100 at once.</summary>
    public RateLimit Uploads { get; set; } = new(5, 100);

    /// <summary>
    /// Refused sign-ins from one address: an IPv4 address, or the first 64 bits of an IPv6 address. While there are more, no sign-in from
    /// it is tried. Behind a proxy every client has the proxy's address, unless the host uses forwarded headers. Default: 50 a second, 1,000 at once.
    /// </summary>
    public RateLimit RefusedSignIns { get; set; } = new(50, 1_000);

    /// <summary>The limit of a kind of request.</summary>
    internal RateLimit this[RequestKind kind] => kind switch
    {
        RequestKind.Post => Posts,
        RequestKind.Change => Changes,
        RequestKind.Signal => Signals,
        RequestKind.Read => Reads,
        RequestKind.Search => Searches,
        RequestKind.Upload => Uploads,
        _ => RefusedSignIns,
    };
}

/// <summary>A rate with a burst: a token bucket.</summary>
/// <param name="PerSecond">How many a second, in the long run; 0 for no limit. At most 1,000,000.</param>
/// <param name="Burst">How many at once after a pause; at least 1 where there is a limit.</param>
public sealed record RateLimit(double PerSecond, int Burst)
{
    /// <summary>No limit.</summary>
    public static RateLimit None => new(0, 0);

    internal bool IsValid => PerSecond == 0 || (PerSecond is > 0 and <= 1_000_000 && Burst >= 1);
}

/// <summary>The kinds of requests that have a limit each.</summary>
public enum RequestKind
{
    /// <summary>A new message.</summary>
    Post,

    /// <summary>A change of a message, a channel, a member or of the user's own settings.</summary>
    Change,

    /// <summary>A signal or a read mark.</summary>
    Signal,

    /// <summary>A page of history, of a list or of presence.</summary>
    Read,

    /// <summary>A search.</summary>
    Search,

    /// <summary>The beginning of a file's upload.</summary>
    Upload,

    /// <summary>A sign-in that was refused.</summary>
    SignIn,
}

/// <summary>Whose requests a limit counts together.</summary>
/// <param name="Kind">The kind of request.</param>
/// <param name="Caller">The user; for <see cref="RequestKind.SignIn"/> the address.</param>
public readonly record struct RateLimitKey(RequestKind Kind, string Caller);
