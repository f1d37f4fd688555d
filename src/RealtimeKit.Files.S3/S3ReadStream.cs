using Amazon.S3.Model;

namespace RealtimeKit.Files.S3;

/// <summary>An object as a stream that can seek: each place is a request of its own, whose bytes come as they are read. Not safe for concurrent use.</summary>
internal sealed class S3ReadStream(Bucket bucket, string key, long length) : Stream
{
    private GetObjectResponse? _response;
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            if (value == _position) return;
            Close(_response);
            (_response, _position) = (null, value);
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position >= length || buffer.Length == 0) return 0;
        _response ??= await bucket.OpenAsync(key, _position, cancellationToken).ConfigureAwait(false) ?? throw new IOException("The file was removed while it was read.");
        int read;
        try
        {
            read = await _response.ResponseStream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is HttpIOException or HttpRequestException)
        {
            throw new IOException($"The connection to the bucket was lost: {exception.Message}", exception);
        }

        if (read == 0) throw new EndOfStreamException($"The server sent {_position} bytes of a file that has {length}.");
        _position += read;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => length + offset,
    };

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("This stream comes over the network: read it by ReadAsync or CopyToAsync.");

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) Close(_response);
        _response = null;
        base.Dispose(disposing);
    }

    private static void Close(GetObjectResponse? response) => response?.Dispose();
}
