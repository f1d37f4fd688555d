using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using RealtimeKit.Transports;

namespace RealtimeKit.Requests;

/// <summary>How fast each user may make requests of each kind, on this node. Safe for concurrent use.</summary>
internal sealed class RequestLimits : IRequestLimiter, IDisposable
{
    // The library fills its buckets at such intervals: nobody need ask again sooner.
    private const double ShortestWait = 100;

    private const int DefaultWait = 1_000;

    private static readonly RequestKind[] Kinds = Enum.GetValues<RequestKind>();

    private readonly PartitionedRateLimiter<RateLimitKey> _limiter;
    private readonly bool[] _isLimited;
    private readonly bool _isOwn;

    public RequestLimits(RealtimeOptions options)
    {
        _isOwn = options.RateLimiter is null;
        _limiter = options.RateLimiter ?? Create(options.RateLimits);
        _isLimited = [.. Kinds.Select(kind => !_isOwn || options.RateLimits[kind].PerSecond > 0)];
    }

    /// <summary>Takes one request of a caller.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="caller">The user or the address.</param>
    /// <param name="retryAfter">After how many milliseconds it may be made again, where it may not be made now.</param>
    public bool TryTake(RequestKind kind, string caller, out int retryAfter)
    {
        retryAfter = 0;
        if (!_isLimited[(int)kind]) return true;
        using var lease = _limiter.AttemptAcquire(new RateLimitKey(kind, caller));
        if (lease.IsAcquired) return true;
        retryAfter = lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? Milliseconds(wait) : DefaultWait;
        return false;
    }

    /// <summary>Whether a sign-in from an address may be tried. It takes nothing: only a refused one counts.</summary>
    public bool MaySignIn(IPAddress? address, out int retryAfter)
    {
        retryAfter = 0;
        if (address is null || !_isLimited[(int)RequestKind.SignIn]) return true;
        // Not an attempt for no permit at all, which the library grants for the smallest part of one.
        if (_limiter.GetStatistics(new RateLimitKey(RequestKind.SignIn, Partition(address))) is not { CurrentAvailablePermits: <= 0 }) return true;
        retryAfter = DefaultWait;
        return false;
    }

    /// <summary>Counts a refused sign-in.</summary>
    public void NoteRefusedSignIn(IPAddress? address)
    {
        if (address is not null) TryTake(RequestKind.SignIn, Partition(address), out _);
    }

    public void Dispose()
    {
        if (_isOwn) _limiter.Dispose();
    }

    private static int Milliseconds(TimeSpan wait) => (int)Math.Ceiling(Math.Clamp(wait.TotalMilliseconds, ShortestWait, int.MaxValue));

    private static PartitionedRateLimiter<RateLimitKey> Create(RateLimits limits)
    {
        // One delegate for all requests: making a partition must not allocate.
        Func<RateLimitKey, RateLimiter> create = key => Create(limits[key.Kind]);
        return PartitionedRateLimiter.Create<RateLimitKey, RateLimitKey>(key => RateLimitPartition.Get(key, create));
    }

    private static TokenBucketRateLimiter Create(RateLimit limit) => new(new TokenBucketRateLimiterOptions
    {
        TokenLimit = limit.Burst,
        TokensPerPeriod = 1,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1 / limit.PerSecond),
        // The partitioned limiter fills all its buckets; otherwise each would have a timer.
        AutoReplenishment = false,
    });

    // Whoever has an IPv6 address has usually all addresses that begin with the same 64 bits.
    private static string Partition(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address.ToString();
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes).ToString();
    }
}
