using System.Buffers;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using RealtimeKit.Stores;

namespace RealtimeKit.Files;

/// <summary>Takes the bytes of an upload's request. What came before a connection was lost is kept, unless it has a checksum.</summary>
internal sealed class UploadWriter(IFileStore store, UploadTurns turns, IOptions<RealtimeFileOptions> options, TimeProvider time)
{
    private const int BufferBytes = 64 * 1_024;
    private const int ChecksumMismatch = 460;

    /// <summary>Appends what the request has.</summary>
    /// <returns>The length of the upload then; <see langword="null"/> where it was answered why not.</returns>
    public async ValueTask<long?> WriteAsync(HttpContext context, StoredFile file, long offset, byte[] checksum)
    {
        if (offset == file.Size && context.Request.ContentLength == 0
            && await store.FindLengthAsync(file.Id, context.RequestAborted).ConfigureAwait(false) == offset) return offset;
        // The web server's own limit is for bodies that are held in memory.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = null;
        using var turn = await turns.TakeAsync(file.Id, context.RequestAborted).ConfigureAwait(false);
        try
        {
            // Bytes are taken back where they do not have their checksum, and where more come than the file has, which only a length before them tells.
            var (rest, isTentative) = (file.Size - offset, checksum.Length > 0 || context.Request.ContentLength is null);
            var append = await store.AppendAsync(file.Id, offset, Math.Max(0, rest), isTentative, context.RequestAborted).ConfigureAwait(false);
            await using (append.ConfigureAwait(false))
            {
                if (!(context.Request.ContentLength > rest)) return await CopyAsync(context, append, file, offset, checksum, turn).ConfigureAwait(false);
            }

            await TooLargeAsync(context, file).ConfigureAwait(false);
        }
        catch (FileOffsetException exception)
        {
            await Answers.RefuseAsync(context, StatusCodes.Status409Conflict, $"The upload has {exception.Length} bytes: ask for its offset by HEAD.").ConfigureAwait(false);
        }
        catch (FileBusyException)
        {
            await Answers.BusyAsync(context).ConfigureAwait(false);
        }
        catch (FileNotFoundException)
        {
            await Answers.NoFileAsync(context).ConfigureAwait(false);
        }

        return null;
    }

    private async ValueTask<long?> CopyAsync(
        HttpContext context, IFileAppend append, StoredFile file, long offset, byte[] checksum, UploadTurns.Turn turn)
    {
        using var hash = checksum.Length > 0 ? IncrementalHash.CreateHash(HashAlgorithmName.SHA1) : null;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        var length = offset;
        try
        {
            while (await ReadAsync(context, buffer, turn).ConfigureAwait(false) is > 0 and var read)
            {
                if (length + read > file.Size)
                {
                    await append.UndoAsync(CancellationToken.None).ConfigureAwait(false);
                    await TooLargeAsync(context, file).ConfigureAwait(false);
                    return null;
                }

                await append.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None).ConfigureAwait(false);
                hash?.AppendData(buffer, 0, read);
                length += read;
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or BadHttpRequestException && IsEnded(context, exception, turn))
        {
            if (hash is null) await append.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            else await append.UndoAsync(CancellationToken.None).ConfigureAwait(false);
            // Whoever sent it sends no more, or has come again by another connection: this one is of no use, and cannot be read to its end.
            context.Abort();
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (hash is not null && !hash.GetHashAndReset().AsSpan().SequenceEqual(checksum))
        {
            await append.UndoAsync(CancellationToken.None).ConfigureAwait(false);
            await Answers.RefuseAsync(context, ChecksumMismatch, "The bytes do not have the checksum; none of them was kept.").ConfigureAwait(false);
            return null;
        }

        // The client gets its answer when they are on disk.
        await append.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        return length;
    }

    private static bool IsEnded(HttpContext context, Exception exception, UploadTurns.Turn turn) =>
        context.RequestAborted.IsCancellationRequested || turn.Interrupted.IsCancellationRequested || exception is OperationCanceledException or BadHttpRequestException or Microsoft.AspNetCore.Connections.ConnectionResetException;

    private async ValueTask<int> ReadAsync(HttpContext context, byte[] buffer, UploadTurns.Turn turn)
    {
        using var idle = new CancellationTokenSource(options.Value.UploadIdleTimeout, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, turn.Interrupted, idle.Token);
        return await context.Request.Body.ReadAsync(buffer.AsMemory(0, BufferBytes), ended.Token).ConfigureAwait(false);
    }

    private static Task TooLargeAsync(HttpContext context, StoredFile file) =>
        Answers.RefuseAsync(context, StatusCodes.Status413PayloadTooLarge, $"The file was said to have {file.Size} bytes; nothing of this request was kept.");
}
