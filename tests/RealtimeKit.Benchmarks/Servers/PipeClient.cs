using System.Buffers;
using System.Net.WebSockets;

namespace RealtimeKit.Benchmarks.Servers;

/// <summary>One connection of the <see cref="PipeServer"/>: what gathers while a write is under way goes with the next.</summary>
internal sealed class PipeClient(WebSocket socket) : IThreadPoolWorkItem
{
    private readonly Lock _lock = new();
    private List<byte[]> _waiting = [];
    private bool _writing;

    public delegate void Handler(PipeClient client, ReadOnlySpan<byte> frame);

    public async Task ReadAsync(Handler handle)
    {
        while (true)
        {
            // No buffer is held while nothing comes.
            await socket.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None);
            var buffer = ArrayPool<byte>.Shared.Rent(4096);
            try
            {
                var result = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                if (result.MessageType == WebSocketMessageType.Close || !result.EndOfMessage)
                    return;
                handle(this, buffer.AsSpan(0, result.Count));
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    public void Enqueue(byte[] frame)
    {
        lock (_lock)
        {
            _waiting.Add(frame);
            if (_writing)
                return;
            _writing = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    public void Execute() => _ = WriteAsync();

    private async Task WriteAsync()
    {
        List<byte[]> writing = [];
        while (true)
        {
            lock (_lock)
            {
                writing.Clear();
                (writing, _waiting) = (_waiting, writing);
                if (writing.Count == 0)
                {
                    _writing = false;
                    return;
                }
            }

            var buffer = ArrayPool<byte>.Shared.Rent(writing.Sum(x => x.Length + 1));
            var length = 0;
            foreach (var frame in writing)
            {
                frame.CopyTo(buffer, length);
                length += frame.Length;
                buffer[length++] = (byte)'\n';
            }

            await socket.SendAsync(buffer.AsMemory(0, length), WebSocketMessageType.Text, true, CancellationToken.None);
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
