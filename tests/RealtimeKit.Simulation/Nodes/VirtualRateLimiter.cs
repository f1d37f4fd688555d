using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Threading.RateLimiting;

namespace RealtimeKit.Simulation.Nodes;

/// <summary>Limits posts in virtual time: the library's own limiters go by the machine's clock.</summary>
/// <param name="perSecond">How many messages a second a user may post, with a burst of twice as many; 0 for no limit.</param>
/// <param name="time">The virtual time.</param>
internal sealed class VirtualRateLimiter(int perSecond, TimeProvider time) : PartitionedRateLimiter<RateLimitKey>
{
    private readonly ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);

    public override RateLimiterStatistics? GetStatistics(RateLimitKey resource) => null;

    protected override RateLimitLease AttemptAcquireCore(RateLimitKey resource, int permitCount)
    {
        if (perSecond == 0 || resource.Kind != RequestKind.Post) return new Lease(TimeSpan.Zero);
        var bucket = _buckets.GetOrAdd(resource.Caller, _ => new Bucket { Tokens = 2 * perSecond, Filled = time.GetTimestamp() });
        lock (bucket)
        {
            bucket.Tokens = Math.Min(2 * perSecond, bucket.Tokens + (time.GetElapsedTime(bucket.Filled).TotalSeconds * perSecond));
            bucket.Filled = time.GetTimestamp();
            if (bucket.Tokens < permitCount) return new Lease(TimeSpan.FromSeconds((permitCount - bucket.Tokens) / perSecond));
            bucket.Tokens -= permitCount;
            return new Lease(TimeSpan.Zero);
        }
    }

    protected override ValueTask<RateLimitLease> AcquireAsyncCore(RateLimitKey resource, int permitCount, CancellationToken cancellationToken) =>
        throw new NotSupportedException("A node does not wait for permits.");

    private sealed class Bucket
    {
        public double Tokens { get; set; }

        public long Filled { get; set; }
    }

    private sealed class Lease(TimeSpan wait) : RateLimitLease
    {
        public override bool IsAcquired => wait == TimeSpan.Zero;

        public override IEnumerable<string> MetadataNames => [MetadataName.RetryAfter.Name];

        public override bool TryGetMetadata(string metadataName, [NotNullWhen(true)] out object? metadata)
        {
            metadata = metadataName == MetadataName.RetryAfter.Name ? wait : null;
            return metadata is not null;
        }
    }
}
