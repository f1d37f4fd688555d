using System.Globalization;

namespace RealtimeKit.Files.S3;

/// <summary>A version of an upload that was read.</summary>
internal sealed record UploadVersion(int Number, UploadState State, PartBuffer Tail);

/// <summary>
/// An upload as a row of numbered objects, of which the highest counts. Who appends writes the next number, only if there is none yet, so that of
/// several nodes one succeeds; then it deletes the former. A version is deleted when all before it are: one who finds its former gone, after it has
/// written the next, comes too late. Safe for concurrent use.
/// </summary>
internal sealed class UploadVersions(Bucket bucket, string prefix, bool conditional)
{
    private const string LengthName = "length";
    private const string WriterName = "writer";
    private const int Digits = 9;
    private const int MostRounds = 20;

    /// <summary>Writes the first version; where there is any, nothing happens.</summary>
    public async Task CreateAsync(string id, CancellationToken cancellationToken)
    {
        if (await FindNewestAsync(id, cancellationToken).ConfigureAwait(false) is not null) return;
        await TryWriteAsync(id, 1, UploadState.Empty, new PartBuffer(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>How many bytes count; <see langword="null"/> where there is no upload.</summary>
    public async Task<long?> FindLengthAsync(string id, CancellationToken cancellationToken)
    {
        for (var round = 0; await FindNewestAsync(id, cancellationToken).ConfigureAwait(false) is { } number; round++)
        {
            if (await bucket.FindAsync(KeyOf(id, number), cancellationToken).ConfigureAwait(false) is { } found)
                return long.Parse(found.Metadata[LengthName], CultureInfo.InvariantCulture);
            RequireProgress(id, round);
        }

        return null;
    }

    /// <summary>Reads the version that counts; <see langword="null"/> where there is none.</summary>
    public async Task<UploadVersion?> ReadAsync(string id, CancellationToken cancellationToken)
    {
        for (var round = 0; await FindNewestAsync(id, cancellationToken).ConfigureAwait(false) is { } number; round++)
        {
            var response = await bucket.OpenAsync(KeyOf(id, number), 0, cancellationToken).ConfigureAwait(false);
            // Another node has written the next one since.
            if (response is null)
            {
                RequireProgress(id, round);
                continue;
            }

            using (response)
            {
                var tail = new PartBuffer();
                try
                {
                    await tail.ReadAsync(response.ResponseStream, checked((int)response.ContentLength), cancellationToken).ConfigureAwait(false);
                }
                catch (HttpIOException exception)
                {
                    throw new IOException($"The connection to the bucket was lost: {exception.Message}", exception);
                }

                return new UploadVersion(number, UploadState.TakeFrom(tail), tail);
            }
        }

        return null;
    }

    /// <summary>Writes the version after another.</summary>
    /// <exception cref="FileBusyException">Another call has written it.</exception>
    /// <exception cref="FileNotFoundException">The upload is completed or removed.</exception>
    public async Task<int> WriteAsync(string id, int former, UploadState state, PartBuffer tail, CancellationToken cancellationToken)
    {
        var number = former + 1;
        var isWritten = await TryWriteAsync(id, number, state, tail, cancellationToken).ConfigureAwait(false);
        var kept = await ListAsync(id, cancellationToken).ConfigureAwait(false);
        if (isWritten && kept.Contains(former))
        {
            await RemoveAsync(id, kept.Where(one => one <= former), cancellationToken).ConfigureAwait(false);
            return number;
        }

        if (isWritten) await bucket.DeleteAsync(KeyOf(id, number), CancellationToken.None).ConfigureAwait(false);
        throw kept.All(one => isWritten && one == number)
            ? new FileNotFoundException($"There is no upload '{id}' any more.")
            : new FileBusyException(id);
    }

    /// <summary>Deletes all versions, the first first.</summary>
    public async Task RemoveAsync(string id, CancellationToken cancellationToken) =>
        await RemoveAsync(id, await ListAsync(id, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    private static void RequireProgress(string id, int round)
    {
        if (round == MostRounds) throw new IOException($"The server lists objects of the upload '{id}' that it does not have: its lists must be up to date.");
    }

    private async Task RemoveAsync(string id, IEnumerable<int> numbers, CancellationToken cancellationToken)
    {
        foreach (var number in numbers)
            await bucket.DeleteAsync(KeyOf(id, number), cancellationToken).ConfigureAwait(false);
    }

    private async Task<bool> TryWriteAsync(string id, int number, UploadState state, PartBuffer tail, CancellationToken cancellationToken)
    {
        var key = KeyOf(id, number);
        var length = tail.Length;
        var writer = Guid.NewGuid().ToString("N");
        (string, string)[] metadata = [(LengthName, state.Length.ToString(CultureInfo.InvariantCulture)), (WriterName, writer)];
        if (!conditional && await bucket.FindAsync(key, cancellationToken).ConfigureAwait(false) is not null) return false;
        state.AppendTo(tail);
        try
        {
            // The SDK repeats a request whose answer was lost: it may meet what it has written itself.
            return await bucket.WriteAsync(key, tail.Bytes, metadata, conditional, cancellationToken).ConfigureAwait(false)
                || (await bucket.FindAsync(key, cancellationToken).ConfigureAwait(false))?.Metadata[WriterName] == writer;
        }
        finally
        {
            tail.Length = length;
        }
    }

    private async Task<int?> FindNewestAsync(string id, CancellationToken cancellationToken) =>
        await ListAsync(id, cancellationToken).ConfigureAwait(false) is [.., var newest] ? newest : null;

    private async Task<List<int>> ListAsync(string id, CancellationToken cancellationToken) =>
        [.. (await bucket.ListAsync(FolderOf(id), cancellationToken).ConfigureAwait(false)).Select(static key => int.Parse(key.AsSpan(key.LastIndexOf('/') + 1), CultureInfo.InvariantCulture)).Order()];

    private string FolderOf(string id) => $"{prefix}uploads/{id}/";

    private string KeyOf(string id, int number) => FolderOf(id) + number.ToString(CultureInfo.InvariantCulture).PadLeft(Digits, '0');
}
