using System.Buffers;
using System.Threading.Channels;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>
/// One connection: writes what is posted, joined where it has gathered while the last write was under way, and reads frames.
/// Posting never waits; what is posted is bounded by those who post.
/// </summary>
internal sealed class ServerConnection(IClientConnection connection, TimeProvider time, bool joining) : IDisposable
{
    /// <summary>The most bytes that are joined into one transport message, well below what a server takes.</summary>
    public const int JoinedBytes = ProtocolConstants.MaxMessageBytes / 4;

    // Pages are kept under 1 MiB; lists of channels with their last messages may be larger.
    private const int LargestMessage = 16 * ProtocolConstants.MaxMessageBytes;
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    private readonly Channel<byte[]> _units = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _ended = new();
    private readonly TimeProvider _time = time;
    private ConnectionEnd? _localEnd;
    private long _lastReceived = time.GetTimestamp();

    /// <summary>Whether frames may share a transport message.</summary>
    public bool Joining => joining;

    /// <summary>How long ago the server last sent something.</summary>
    public TimeSpan Silence => _time.GetElapsedTime(Volatile.Read(ref _lastReceived));

    /// <summary>Cancelled when the connection has ended.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Queues one or more whole frames, which travel in one transport message.</summary>
    public void Post(byte[] unit) => _units.Writer.TryWrite(unit);

    /// <summary>Closes after what is queued is written, if the peer takes it in time.</summary>
    public void BeginClose(ConnectionEnd end)
    {
        Interlocked.CompareExchange(ref _localEnd, end, null);
        if (_units.Writer.TryComplete()) _ = LimitCloseAsync();
    }

    /// <summary>Ends the connection at once.</summary>
    public void Abort(ConnectionEnd end)
    {
        Interlocked.CompareExchange(ref _localEnd, end, null);
        connection.Dispose();
    }

    /// <summary>Reads and writes until the connection ends, and returns how it ended. Never throws.</summary>
    public async Task<ConnectionEnd> RunAsync(Action<ReadOnlyMemory<byte>> onFrame)
    {
        var writing = WriteAsync();
        var end = await ReadAsync(onFrame).ConfigureAwait(false);
        _units.Writer.TryComplete();
        await _ended.CancelAsync().ConfigureAwait(false);
        await writing.ConfigureAwait(false);
        return Volatile.Read(ref _localEnd) ?? end;
    }

    // The source of Ended has nothing to release, and who comes late may still look at it.
    public void Dispose() => connection.Dispose();

    private async Task<ConnectionEnd> ReadAsync(Action<ReadOnlyMemory<byte>> onFrame)
    {
        using var buffer = new FrameBuffer();
        var incoming = new Incoming(this, buffer);
        try
        {
            while (await connection.ReceiveAsync(incoming, CancellationToken.None).ConfigureAwait(false))
            {
                Split(buffer.WrittenMemory, onFrame);
                buffer.Clear();
            }

            return new ConnectionEnd(connection.CloseCode ?? CloseCode.Lost, connection.CloseReason ?? "");
        }
        catch (System.Text.Json.JsonException e)
        {
            connection.Dispose();
            return new ConnectionEnd(CloseCode.Lost, $"The server sent what cannot be read: {e.Message}");
        }
#pragma warning disable CA1031 // Whatever ends the reading ends the connection, and the next one continues.
        catch (Exception e)
#pragma warning restore CA1031
        {
            connection.Dispose();
            return new ConnectionEnd(CloseCode.Lost, e.Message);
        }
    }

    private static void Split(ReadOnlyMemory<byte> message, Action<ReadOnlyMemory<byte>> onFrame)
    {
        while (!message.IsEmpty)
        {
            var end = message.Span.IndexOf((byte)'\n');
            var line = end < 0 ? message : message[..end];
            message = end < 0 ? default : message[(end + 1)..];
            if (!line.Span.Trim(" \r\t"u8).IsEmpty) onFrame(line);
        }
    }

    // A peer that does not read would keep the writer, and one that does not answer the close the reader.
    private async Task LimitCloseAsync()
    {
        await Task.Delay(CloseTimeout, _time, Ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!Ended.IsCancellationRequested) connection.Dispose();
    }

    private async Task WriteAsync()
    {
        using var buffer = new FrameBuffer();
        var units = _units.Reader;
        try
        {
            while (await units.WaitToReadAsync(_ended.Token).ConfigureAwait(false))
            {
                buffer.Clear();
                while (units.TryPeek(out var unit) && (buffer.Length == 0 || (joining && buffer.Length + unit.Length <= JoinedBytes)))
                {
                    buffer.Append(unit);
                    units.TryRead(out _);
                }

                await connection.SendAsync(buffer.WrittenMemory, _ended.Token).ConfigureAwait(false);
            }

            using var limit = new CancellationTokenSource(CloseTimeout, _time);
            await connection.CloseAsync(limit.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever ends the writing ends the connection; the reader reports how it ended.
        catch (Exception)
#pragma warning restore CA1031
        {
            // The reader must not wait for more.
            if (!_ended.IsCancellationRequested) connection.Dispose();
        }
    }

    /// <summary>Takes a message as it arrives, which shows that the server is there.</summary>
    private sealed class Incoming(ServerConnection owner, FrameBuffer buffer) : IBufferWriter<byte>
    {
        public void Advance(int count)
        {
            buffer.Advance(count);
            Volatile.Write(ref owner._lastReceived, owner._time.GetTimestamp());
            if (buffer.Length > LargestMessage) throw new IOException("The server sent a larger message than this client takes.");
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => buffer.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => buffer.GetSpan(sizeHint);
    }
}
