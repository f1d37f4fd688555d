using System.Net.Sockets;

namespace RealtimeKit.WebSockets;

/// <summary>
/// An upgraded request whose bytes are read through the web server and written to its socket by the thread that has them: without a
/// copy into the server's pipe, and without a wait for its thread. One reader and one writer at a time.
/// </summary>
/// <param name="upgraded">The stream of the web server.</param>
/// <param name="socket">The connection's socket, which does not block.</param>
internal sealed class SocketStream(Stream upgraded, Socket socket) : Stream
{
    private volatile bool _answered;
    private bool _usesPipe;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _answered || buffer.IsEmpty ? upgraded.ReadAsync(buffer, cancellationToken) : ReadFirstAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    // The response to the upgrade may still be in the web server's pipe. A client sends nothing before it has that response (RFC 6455,
    // section 4.1), so the pipe is empty when its first bytes come, if nothing else went into it.
    private async ValueTask<int> ReadFirstAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var read = await upgraded.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (read > 0) _answered = true;
        return read;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_usesPipe || !_answered)
        {
            _usesPipe = true;
            return upgraded.WriteAsync(buffer, cancellationToken);
        }

        var sent = socket.Send(buffer.Span, SocketFlags.None, out var error);
        if (sent == buffer.Length) return ValueTask.CompletedTask;
        return error is SocketError.Success or SocketError.WouldBlock
            ? SendAsync(buffer[sent..], cancellationToken)
            : ValueTask.FromException(new IOException("The socket is lost.", new SocketException((int)error)));
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    // The kernel's buffer is full.
    private async ValueTask SendAsync(ReadOnlyMemory<byte> rest, CancellationToken cancellationToken)
    {
        while (rest.Length > 0) rest = rest[await socket.SendAsync(rest, SocketFlags.None, cancellationToken).ConfigureAwait(false)..];
    }

    public override Task FlushAsync(CancellationToken cancellationToken) =>
        _usesPipe ? upgraded.FlushAsync(cancellationToken) : Task.CompletedTask;

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) upgraded.Dispose();
        base.Dispose(disposing);
    }

    public override async ValueTask DisposeAsync()
    {
        await upgraded.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }
}
