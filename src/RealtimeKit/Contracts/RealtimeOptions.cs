using System.Threading.RateLimiting;

namespace RealtimeKit;

/// <summary>How the engine behaves. Checked when the host starts.</summary>
public sealed class RealtimeOptions
{
    /// <summary>This node's name, sent to clients; not empty. Default: the machine's name and a random suffix.</summary>
    public string NodeName { get; set; } = $"{Environment.MachineName}-{Guid.NewGuid().ToString("N")[..6]}";

    /// <summary>
    /// The longest silence from server to client; a client from which nothing came for two of them is gone.
    /// Default: 25 seconds; 100 milliseconds to 1 hour.
    /// </summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(25);

    /// <summary>How long a new connection may take to sign in. Default: 10 seconds; above zero.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many channels one connection may be subscribed to. Default: 1,000; at least 1.</summary>
    public int ChannelsPerConnection { get; set; } = 1_000;

    /// <summary>How many connections one user may have to this node. Default: 100; at least 1.</summary>
    public int ConnectionsPerUser { get; set; } = 100;

    /// <summary>How fast one user may make each kind of request. A request that comes too soon is refused with <c>rate_limited</c>.</summary>
    public RateLimits RateLimits { get; set; } = new();

    /// <summary>
    /// Decides in place of <see cref="RateLimits"/>, for example with counters that all nodes share. It is asked for one permit before a
    /// request and after a refused sign-in; before a sign-in for its statistics, and where these have no permits available, the sign-in is not tried.
    /// It must answer at once and not throw. Its lease's
    /// <see cref="MetadataName.RetryAfter"/> is sent to the client, else one second. Default: none. Not disposed of by the node.
    /// </summary>
    public PartitionedRateLimiter<RateLimitKey>? RateLimiter { get; set; }

    /// <summary>How long a user may do nothing before presence reports <c>away</c>. Default: 5 minutes; above zero.</summary>
    public TimeSpan AwayAfter { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Up to how many subscribed connections of a channel, on all nodes together, receive each arrival and departure; above it
    /// presence is sent on request only, because every arrival would cost as many signals as there are subscribers. Default: 200;
    /// 0 or more.
    /// </summary>
    public int PresenceSignalsUpTo { get; set; } = 200;

    /// <summary>
    /// Up to how many members of a channel all its subscribers receive the signal <c>read</c> of each reader; above it only the reader's own
    /// other connections do. In direct channels both users always receive it. Default: 100; 0 or more.
    /// </summary>
    public int ReadSignalsUpTo { get; set; } = 100;

    /// <summary>
    /// How many bytes of latest events a channel keeps in memory for readers that are a little behind; the newest event stays
    /// whatever its size, and so does what readers wait for whose sockets take bytes, while <see cref="TailBytesPerNode"/> allows it. Default: 262,144; 0 or more.
    /// </summary>
    public int TailBytesPerChannel { get; set; } = 256 * 1_024;

    /// <summary>The same for all channels of the node together. Default: 67,108,864; 0 or more.</summary>
    public long TailBytesPerNode { get; set; } = 64L * 1_024 * 1_024;

    /// <summary>How many changes one commit may carry; their content may have 2 MiB together. Default: 512; 1 to 10,000.</summary>
    public int AppendBatchSize { get; set; } = 512;

    /// <summary>Whether signed-in users may make channels by the <c>create</c> request. Default: false.</summary>
    public bool UsersMayCreateChannels { get; set; }

    /// <summary>
    /// The time within which a node finds changes that the broker did not bring, and changes of its own whose outcome it does not
    /// know because the store's answer was lost. It then compares all channels that it serves with the store, in one query for up to 10,000. Default: 5 seconds; 100 milliseconds to 1 hour.
    /// </summary>
    public TimeSpan RepairInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How often a node sends the others a heartbeat, with a digest of who is connected to it. One that is silent for three
    /// of them is taken as gone, and its users as offline. Default: 2 seconds; 100 milliseconds to 1 minute. Set the same on
    /// all nodes.
    /// </summary>
    public TimeSpan NodeHeartbeat { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Whether messages can be searched, where the store can index them. Without it nothing is indexed, which makes publishing cheaper, and requests to
    /// search are unsupported. Where it is set again, what was stored meanwhile is indexed in the background. Default: true. Set the same
    /// on all nodes.
    /// </summary>
    public bool Search { get; set; } = true;

    /// <summary>How long clients are given to connect elsewhere when the node stops. Default: 2 seconds; 0 or more.</summary>
    public TimeSpan DrainPeriod { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The sender of messages that the application sends in its own name: a valid identifier. No user may sign in by it.
    /// Default: <c>system</c>.
    /// </summary>
    public string SystemUser { get; set; } = "system";

    /// <summary>What jitter is drawn from; a simulation has its own.</summary>
    internal Random Random { get; set; } = Random.Shared;
}
