using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using RealtimeKit.Servers;
using RealtimeKit.Tests.Files;
using Xunit;

[assembly: AssemblyFixture(typeof(SharedS3))]

namespace RealtimeKit.Tests.Files;

/// <summary>
/// The server of S3 of all tests: the one that an environment variable names, or else a private one, started for the first test that asks. Each test
/// has a bucket of its own on it.
/// </summary>
public sealed class SharedS3 : IAsyncDisposable
{
    private readonly Lazy<Task<S3Server>> _server = new(() => S3Server.CreateAsync());

    public async Task<Uri> AddressAsync() => Environment.GetEnvironmentVariable(S3Server.Variable) is { Length: > 0 } given
        ? new Uri(given)
        : (await _server.Value).Address;

    public async Task<AmazonS3Client> ClientAsync() => Client(await AddressAsync());

    /// <summary>A client as a host configures it for a server that is not Amazon's.</summary>
    public static AmazonS3Client Client(Uri address, int retries = 3) => new(new BasicAWSCredentials("user", "secret"), new AmazonS3Config
    {
        ServiceURL = address.AbsoluteUri, ForcePathStyle = true, MaxErrorRetry = retries, RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
        ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
    });

    public async Task<string> NewBucketAsync()
    {
        var bucket = $"files-{Guid.NewGuid():N}";
        using var client = await ClientAsync();
        await client.PutBucketAsync(new PutBucketRequest { BucketName = bucket });
        return bucket;
    }

    /// <summary>Everything that a bucket has: its objects, and what was begun in parts.</summary>
    public async Task<IReadOnlyList<string>> ContentAsync(string bucket)
    {
        using var client = await ClientAsync();
        var keys = new List<string>();
        await foreach (var one in client.Paginators.ListObjectsV2(new ListObjectsV2Request { BucketName = bucket }).S3Objects) keys.Add(one.Key);
        var parts = await client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = bucket });
        return [.. keys.Where(key => key != "conditional-writes"), .. (parts.MultipartUploads ?? []).Select(one => $"parts of {one.Key}")];
    }

    public async ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated) await (await _server.Value).DisposeAsync();
    }
}
