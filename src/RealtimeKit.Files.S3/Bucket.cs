using Amazon.S3;
using Amazon.S3.Model;

namespace RealtimeKit.Files.S3;

/// <summary>One bucket, as files need it: requests that say plainly what is absent, and failures that say how to mend them. Safe for concurrent use.</summary>
internal sealed class Bucket(IAmazonS3 client, string name, bool ownsClient) : IDisposable
{
    private const int MostRounds = 20;

    /// <summary>The keys with a beginning, in their order.</summary>
    public Task<List<string>> ListAsync(string prefix, CancellationToken cancellationToken) => RunAsync(
        async () =>
        {
            var keys = new List<string>();
            var request = new ListObjectsV2Request { BucketName = name, Prefix = prefix };
            ListObjectsV2Response page;
            do
            {
                page = await client.ListObjectsV2Async(request, cancellationToken).ConfigureAwait(false);
                keys.AddRange((page.S3Objects ?? []).Select(static one => one.Key));
                request.ContinuationToken = page.NextContinuationToken;
            }
            while (page.IsTruncated == true);
            return keys;
        }, cancellationToken);

    /// <summary>What is known of an object, or <see langword="null"/> where there is none.</summary>
    public Task<GetObjectMetadataResponse?> FindAsync(string key, CancellationToken cancellationToken) => OrAbsentAsync(
        () => client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = name, Key = key }, cancellationToken), cancellationToken);

    /// <summary>Opens an object from a place on, or gives <see langword="null"/> where there is none. The response is to be disposed of.</summary>
    public Task<GetObjectResponse?> OpenAsync(string key, long from, CancellationToken cancellationToken) => OrAbsentAsync(
        () => client.GetObjectAsync(
            new GetObjectRequest { BucketName = name, Key = key, ByteRange = from == 0 ? null : new ByteRange($"bytes={from}-") }, cancellationToken), cancellationToken);

    /// <summary>Writes an object.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="metadata">Values that are found without its bytes.</param>
    /// <param name="onlyIfAbsent">Whether an object of this key is left alone.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether it was written.</returns>
    public Task<bool> WriteAsync(
        string key, ReadOnlyMemory<byte> content, IReadOnlyCollection<(string Name, string Value)> metadata, bool onlyIfAbsent, CancellationToken cancellationToken) => RunAsync(
        async () =>
        {
            for (var round = 1; ; round++)
            {
                using var body = Body(content);
                // Servers that are not Amazon's keep the SDK's own framing of a body as if it were content.
                var request = new PutObjectRequest { BucketName = name, Key = key, InputStream = body, UseChunkEncoding = false, IfNoneMatch = onlyIfAbsent ? "*" : null };
                foreach (var (header, value) in metadata) request.Metadata[header] = value;
                try
                {
                    await client.PutObjectAsync(request, cancellationToken).ConfigureAwait(false);
                    return true;
                }
                catch (AmazonS3Exception exception) when (S3Failures.IsUnmet(exception))
                {
                    return false;
                }
                catch (AmazonS3Exception exception) when (S3Failures.IsConflict(exception) && round < MostRounds)
                {
                    // One of two at once has written it: the next try sees it.
                }
            }
        }, cancellationToken);

    /// <summary>Deletes an object, if there is one.</summary>
    public Task DeleteAsync(string key, CancellationToken cancellationToken) => OrAbsentAsync(
        () => client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = name, Key = key }, cancellationToken), cancellationToken);

    /// <summary>Begins an object in parts.</summary>
    public Task<string> BeginPartsAsync(string key, CancellationToken cancellationToken) => RunAsync(
        async () => (await client.InitiateMultipartUploadAsync(new InitiateMultipartUploadRequest { BucketName = name, Key = key }, cancellationToken).ConfigureAwait(false)).UploadId,
        cancellationToken);

    /// <summary>Writes a part, or writes it anew.</summary>
    /// <returns>Its tag; <see langword="null"/> where the object in parts is not there any more.</returns>
    public Task<string?> WritePartAsync(string key, string parts, int number, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => OrAbsentAsync(
        async () =>
        {
            using var body = Body(content);
            var request = new UploadPartRequest
            {
                BucketName = name, Key = key, UploadId = parts, PartNumber = number, PartSize = content.Length, InputStream = body, UseChunkEncoding = false,
            };
            return (await client.UploadPartAsync(request, cancellationToken).ConfigureAwait(false)).ETag;
        }, cancellationToken);

    /// <summary>Makes parts an object.</summary>
    /// <returns>Whether it did; not where the parts are gone.</returns>
    public async Task<bool> JoinPartsAsync(string key, string parts, IEnumerable<UploadPart> list, CancellationToken cancellationToken) => await OrAbsentAsync(
        () => client.CompleteMultipartUploadAsync(
            new CompleteMultipartUploadRequest { BucketName = name, Key = key, UploadId = parts, PartETags = [.. list.Select(static part => new PartETag(part.Number, part.Tag))] },
            cancellationToken), cancellationToken).ConfigureAwait(false) is not null;

    /// <summary>Drops parts, if they are there.</summary>
    public Task DropPartsAsync(string key, string parts, CancellationToken cancellationToken) => OrAbsentAsync(
        () => client.AbortMultipartUploadAsync(new AbortMultipartUploadRequest { BucketName = name, Key = key, UploadId = parts }, cancellationToken), cancellationToken);

    /// <summary>Drops whatever was begun in parts for a key and never became an object.</summary>
    public async Task DropAllPartsAsync(string key, CancellationToken cancellationToken)
    {
        // A part that is on its way while its upload is dropped may be kept: then the upload is listed once more.
        for (var round = 0; round < MostRounds && await ListPartsAsync(key, cancellationToken).ConfigureAwait(false) is { Count: > 0 } begun; round++)
            foreach (var parts in begun) await DropPartsAsync(key, parts, cancellationToken).ConfigureAwait(false);
    }

    public void Dispose()
    {
        if (ownsClient) client.Dispose();
    }

    private Task<List<string>> ListPartsAsync(string key, CancellationToken cancellationToken) => RunAsync(
        async () =>
        {
            var page = await client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = name, Prefix = key }, cancellationToken).ConfigureAwait(false);
            return (page.MultipartUploads ?? []).Where(one => one.Key == key).Select(static one => one.UploadId).ToList();
        }, cancellationToken);

    private static MemoryStream Body(ReadOnlyMemory<byte> content) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(content, out var array)
            ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
            : new MemoryStream(content.ToArray(), writable: false);

    private Task<T?> OrAbsentAsync<T>(Func<Task<T>> request, CancellationToken cancellationToken) where T : class => RunAsync<T?>(
        async () =>
        {
            try
            {
                return await request().ConfigureAwait(false);
            }
            catch (AmazonS3Exception exception) when (S3Failures.IsAbsent(exception))
            {
                return null;
            }
        }, cancellationToken);

    private async Task<T> RunAsync<T>(Func<Task<T>> request, CancellationToken cancellationToken)
    {
        try
        {
            return await request().ConfigureAwait(false);
        }
        catch (Exception exception) when (S3Failures.IsFailure(exception, cancellationToken))
        {
            throw S3Failures.Explain(exception, name);
        }
    }
}
