using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using RealtimeKit.Stores;

namespace RealtimeKit.Files.S3;

/// <summary>
/// Files in a bucket, which several nodes may share. A finished file is the object <c>files/&lt;id&gt;</c>. Of an upload there are objects below <c>uploads/&lt;id&gt;/</c>, with what it has
/// beside its whole parts, and these are an unfinished multipart upload of the file's object.
/// </summary>
/// <remarks>
/// Two nodes that append at once do so until one commits; the other gets a <see cref="FileBusyException"/> then. A process that ends at any moment leaves the last version of the upload, from
/// which any node goes on.
/// </remarks>
public sealed class S3FileStore : IFileStore, IDisposable
{
    private readonly Bucket _bucket;
    private readonly UploadVersions _versions;
    private readonly S3FileStoreOptions _options;
    private readonly SemaphoreSlim _slots;
    private volatile bool _isChecked;

    /// <summary>Opens a bucket with a client of one's own.</summary>
    /// <param name="client">The client, which stays the caller's.</param>
    /// <param name="options">Which bucket, and how it is used.</param>
    public S3FileStore(IAmazonS3 client, S3FileStoreOptions options)
        : this(client, options, ownsClient: false)
    {
    }

    private S3FileStore(IAmazonS3 client, S3FileStoreOptions options, bool ownsClient)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _bucket = new Bucket(client, options.Bucket, ownsClient);
        _versions = new UploadVersions(_bucket, options.Prefix, options.ConditionalWrites);
        _slots = new SemaphoreSlim(options.UploadsAtOnce);
    }

    /// <inheritdoc/>
    public ValueTask<long?> FindFreeBytesAsync(CancellationToken cancellationToken) => ValueTask.FromResult<long?>(null);

    /// <inheritdoc/>
    public async ValueTask CreateAsync(string id, CancellationToken cancellationToken)
    {
        var file = FileOf(id);
        await CheckAsync(cancellationToken).ConfigureAwait(false);
        if (await _bucket.FindAsync(file, cancellationToken).ConfigureAwait(false) is null) await _versions.CreateAsync(id, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<long?> FindLengthAsync(string id, CancellationToken cancellationToken)
    {
        var file = FileOf(id);
        // The file first, because versions that a late writer leaves beside it do not count; and last, because the upload may become the file in between.
        return await FindFileAsync() ?? await _versions.FindLengthAsync(id, cancellationToken).ConfigureAwait(false) ?? await FindFileAsync();

        async Task<long?> FindFileAsync() => (await _bucket.FindAsync(file, cancellationToken).ConfigureAwait(false))?.ContentLength;
    }

    /// <inheritdoc/>
    public async ValueTask<IFileAppend> AppendAsync(string id, long offset, long limit, bool tentative, CancellationToken cancellationToken)
    {
        var file = FileOf(id);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        await _slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        var slot = new Slot(_slots);
        try
        {
            var version = await _versions.ReadAsync(id, cancellationToken).ConfigureAwait(false);
            if (await _bucket.FindAsync(file, cancellationToken).ConfigureAwait(false) is { } complete) throw new FileOffsetException(id, complete.ContentLength);
            if (version is null) throw new FileNotFoundException($"There is no upload '{id}'.");
            if (version.State.Length != offset) throw new FileOffsetException(id, version.State.Length);
            return new S3Append(_bucket, _versions, file, id, version, limit, tentative, _options.PartBytes, slot);
        }
        catch
        {
            slot.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask CompleteAsync(string id, CancellationToken cancellationToken)
    {
        var file = FileOf(id);
        // A process that ended in the middle has left the versions beside the file.
        var isThere = await IsThereAsync();
        if (!isThere && await _versions.ReadAsync(id, cancellationToken).ConfigureAwait(false) is { } version)
            isThere = await TryJoinAsync(file, version, cancellationToken).ConfigureAwait(false);
        if (!isThere && !await IsThereAsync()) throw new FileNotFoundException($"There is no upload '{id}'.");
        await _versions.RemoveAsync(id, cancellationToken).ConfigureAwait(false);

        async Task<bool> IsThereAsync() => await _bucket.FindAsync(file, cancellationToken).ConfigureAwait(false) is not null;
    }

    /// <inheritdoc/>
    public async ValueTask<Stream?> OpenAsync(string id, CancellationToken cancellationToken)
    {
        var file = FileOf(id);
        return await _bucket.FindAsync(file, cancellationToken).ConfigureAwait(false) is { } found ? new S3ReadStream(_bucket, file, found.ContentLength) : null;
    }

    /// <inheritdoc/>
    public async ValueTask RemoveAsync(string id, CancellationToken cancellationToken)
    {
        var file = FileOf(id);
        // The versions first: whoever appends finds then that there is no upload any more.
        await _versions.RemoveAsync(id, cancellationToken).ConfigureAwait(false);
        await _bucket.DropAllPartsAsync(file, cancellationToken).ConfigureAwait(false);
        await _bucket.DeleteAsync(file, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Disposes of the client, if it is not the host's.</summary>
    public void Dispose()
    {
        _bucket.Dispose();
        _slots.Dispose();
    }

    /// <summary>Opens the bucket of the options, with the client that they give or one of the SDK's defaults.</summary>
    internal static S3FileStore Create(S3FileStoreOptions options, IServiceProvider services)
    {
        if (options.Client is { } client) return new S3FileStore(client(services), options, ownsClient: false);
        var configuration = new AmazonS3Config
        {
            // Servers that are not Amazon's refuse the newer checksums, or keep their framing as content.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (options.Region is { } region) configuration.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        if (options.Endpoint is { } endpoint)
        {
            (configuration.ServiceURL, configuration.ForcePathStyle) = (endpoint.AbsoluteUri, true);
            if (options.Region is { } signed) configuration.AuthenticationRegion = signed;
        }

        try
        {
            return new S3FileStore(new AmazonS3Client(configuration), options, ownsClient: true);
        }
        catch (AmazonClientException exception)
        {
            throw new InvalidOperationException($"No client of S3 can be made: {exception.Message} Set S3FileStoreOptions.Region or Endpoint, or AWS_REGION.", exception);
        }
    }

    private async Task<bool> TryJoinAsync(string file, UploadVersion version, CancellationToken cancellationToken)
    {
        var (state, tail) = (version.State, version.Tail);
        // A small file is one object from the beginning.
        if (state.Parts.Count == 0)
        {
            await _bucket.WriteAsync(file, tail.Bytes, [], onlyIfAbsent: false, cancellationToken).ConfigureAwait(false);
            if (state.Upload is { } unused) await _bucket.DropPartsAsync(file, unused, cancellationToken).ConfigureAwait(false);
            return true;
        }

        IReadOnlyList<UploadPart> parts = state.Parts;
        if (tail.Length > 0)
        {
            if (await _bucket.WritePartAsync(file, state.Upload!, state.Next, tail.Bytes, cancellationToken).ConfigureAwait(false) is not { } tag) return false;
            parts = [.. parts, new UploadPart(state.Next, tail.Length, tag)];
        }

        return await _bucket.JoinPartsAsync(file, state.Upload!, parts, cancellationToken).ConfigureAwait(false);
    }

    // A server that ignores the condition would let two nodes write over each other unseen.
    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (_isChecked || !_options.ConditionalWrites) return;
        var key = _options.Prefix + "conditional-writes";
        if (await _bucket.WriteAsync(key, default, [], onlyIfAbsent: true, cancellationToken).ConfigureAwait(false)
            && await _bucket.WriteAsync(key, default, [], onlyIfAbsent: true, cancellationToken).ConfigureAwait(false))
        {
            throw new IOException(
                $"The server of the bucket '{_options.Bucket}' ignores If-None-Match, by which nodes agree on who appends. Use a server that honours it, or, where one node alone uses the bucket, set S3FileStoreOptions.ConditionalWrites to false.");
        }

        _isChecked = true;
    }

    private string FileOf(string id) =>
        StoredFile.IsId(id) ? $"{_options.Prefix}files/{id}" : throw new ArgumentException($"'{id}' is no id of a file.", nameof(id));

    private sealed class Slot(SemaphoreSlim slots) : IDisposable
    {
        private int _isFreed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isFreed, 1) == 0) slots.Release();
        }
    }
}
