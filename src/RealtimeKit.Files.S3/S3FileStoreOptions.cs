using Amazon.S3;

namespace RealtimeKit.Files.S3;

/// <summary>Which bucket files are in, and how it is reached. Checked when the host starts.</summary>
public sealed class S3FileStoreOptions
{
    /// <summary>The least bytes that S3 takes as a part of an upload, but for the last.</summary>
    internal const int LeastPartBytes = 5 * 1_024 * 1_024;

    /// <summary>The most bytes of a part here: one is held in memory for each upload that is going on.</summary>
    internal const int MostPartBytes = 512 * 1_024 * 1_024;

    /// <summary>The bucket. It must exist; versioning should be off, or removed files stay as old versions.</summary>
    public string Bucket { get; set; } = "";

    /// <summary>What the keys of all objects begin with, such as <c>chat/</c>: nothing else in the bucket begins so. Default: empty; otherwise it ends with <c>/</c>.</summary>
    public string Prefix { get; set; } = "";

    /// <summary>The address of a server other than Amazon's, such as <c>https://minio.internal:9000</c>. Default: none, which is Amazon S3.</summary>
    public Uri? Endpoint { get; set; }

    /// <summary>The region, such as <c>eu-central-1</c>. Default: as the SDK finds it, from the environment, a profile or the machine.</summary>
    public string? Region { get; set; }

    /// <summary>
    /// Gives the client where the host has one of its own; <see cref="Endpoint"/> and <see cref="Region"/> do not count then, and the host disposes of it. Default: none; the
    /// client finds its credentials as the SDK does, from the environment, a profile or the machine's role.
    /// </summary>
    /// <remarks>Servers that are not Amazon's often need <c>RequestChecksumCalculation.WHEN_REQUIRED</c> in the client's configuration.</remarks>
    public Func<IServiceProvider, IAmazonS3>? Client { get; set; }

    /// <summary>
    /// The bytes of one part of a large upload. Each upload that is going on holds at most so many in memory, and what its client has sent since the last whole part is written anew
    /// with each request. A file may have 10,000 parts. Default: 5,242,880 (5 MiB), the least that S3 takes; at most 536,870,912.
    /// </summary>
    public int PartBytes { get; set; } = LeastPartBytes;

    /// <summary>How many uploads a node takes bytes of at once; further ones wait. Default: 64; 1 to 10,000.</summary>
    public int UploadsAtOnce { get; set; } = 64;

    /// <summary>
    /// Whether the server honours <c>If-None-Match: *</c> when an object is written, by which nodes agree on who appends; this is tried before the first upload. Without it, a bucket is
    /// safe for one node alone. Default: <see langword="true"/>.
    /// </summary>
    public bool ConditionalWrites { get; set; } = true;
}
