namespace RealtimeKit.Files.S3;

/// <summary>
/// Appends to an upload: whole parts go to S3 as they come, and what is left over goes into the next version of the upload when it is committed. The numbers of the parts
/// that it may write are reserved before, in a version: another that appends meanwhile writes to other numbers.
/// </summary>
internal sealed class S3Append(
    Bucket bucket, UploadVersions versions, string key, string id, UploadVersion version, long limit, bool tentative, int partBytes, IDisposable slot) : IFileAppend
{
    private const int MostParts = 10_000;

    private readonly UploadState _first = version.State;
    private readonly List<UploadPart> _parts = [.. version.State.Parts];
    private readonly PartBuffer _tail = version.Tail;
    private int _version = version.Number;
    private string? _upload = version.State.Upload;
    private int _number = version.State.Next;
    private int _reserved = version.State.Next;
    private int _committedTail = version.State.TailLength;
    private long _length = version.State.Length;
    private long _committed = version.State.Length;
    private bool _ended;

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (_length + bytes.Length > _first.Length + limit) throw new ArgumentOutOfRangeException(nameof(bytes), $"At most {limit} bytes were to come.");
        while (bytes.Length > 0)
        {
            if (_tail.Length >= partBytes) await WritePartAsync(cancellationToken).ConfigureAwait(false);
            var some = bytes[..Math.Min(bytes.Length, partBytes - _tail.Length)];
            _tail.Append(some.Span);
            _length += some.Length;
            bytes = bytes[some.Length..];
        }
    }

    public async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        if (_length != _committed || _reserved != _number)
            await WriteVersionAsync(new UploadState(_length, _parts, _upload, _number), _tail, cancellationToken).ConfigureAwait(false);
        _ended = true;
    }

    public async ValueTask UndoAsync(CancellationToken cancellationToken)
    {
        if (!tentative) throw new InvalidOperationException("Only tentative bytes can be taken back.");
        _ended = true;
        if (_reserved == _first.Next) return;
        // The tail as it was is not in memory any more. The numbers can be used again, and with them the room of the parts.
        if (await versions.ReadAsync(id, cancellationToken).ConfigureAwait(false) is { } now && now.Number == _version)
            await versions.WriteAsync(id, now.Number, now.State with { Next = _first.Next }, now.Tail, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (tentative && !_ended) await UndoAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // Tentative bytes do not count, whether or not their numbers are given back.
        }
        finally
        {
            slot.Dispose();
        }
    }

    private async Task WritePartAsync(CancellationToken cancellationToken)
    {
        if (_number == _reserved) await ReserveAsync(cancellationToken).ConfigureAwait(false);
        var tag = await bucket.WritePartAsync(key, _upload!, _number, _tail.Bytes, cancellationToken).ConfigureAwait(false)
            ?? throw new FileNotFoundException($"There is no upload '{id}' any more.");
        _parts.Add(new UploadPart(_number++, _tail.Length, tag));
        _tail.Length = 0;
        if (tentative) return;
        // What is acknowledged by nobody yet is not lost with the process either, and the next number is reserved with it.
        _reserved = Bounded(_number + 1);
        await WriteVersionAsync(new UploadState(_length, [.. _parts], _upload, _reserved), _tail, cancellationToken).ConfigureAwait(false);
    }

    private async Task ReserveAsync(CancellationToken cancellationToken)
    {
        var isNew = _upload is null;
        _upload ??= await bucket.BeginPartsAsync(key, cancellationToken).ConfigureAwait(false);
        var rest = _first.Length + limit - _committed + _committedTail;
        _reserved = Bounded(_number + (tentative ? checked((int)(rest / partBytes)) : 1));
        var tail = new PartBuffer();
        tail.Append(_tail.Bytes.Span[.._committedTail]);
        try
        {
            await WriteVersionAsync(new UploadState(_committed, [.. _parts], _upload, _reserved), tail, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (isNew && exception is FileBusyException or FileNotFoundException)
        {
            await bucket.DropPartsAsync(key, _upload, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private int Bounded(int next) => next <= MostParts ? next : throw new IOException(
        $"The upload '{id}' has had {MostParts} parts, as many as S3 allows: set S3FileStoreOptions.PartBytes to at least a five-thousandth of RealtimeFileOptions.MaxFileBytes.");

    private async Task WriteVersionAsync(UploadState state, PartBuffer tail, CancellationToken cancellationToken)
    {
        _version = await versions.WriteAsync(id, _version, state, tail, cancellationToken).ConfigureAwait(false);
        (_committed, _committedTail) = (state.Length, state.TailLength);
    }
}
