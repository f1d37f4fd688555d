using System.Buffers;

namespace RealtimeKit.RabbitMQ.Publishing;

/// <summary>Something to publish, in a buffer of the pool that goes back when it was sent.</summary>
internal readonly struct Publication(string channel, int partition, byte[] buffer, int length)
{
    public string Channel => channel;

    public int Partition => partition;

    public int Length => length;

    public ReadOnlyMemory<byte> Body => buffer.AsMemory(0, length);

    public void Return() => ArrayPool<byte>.Shared.Return(buffer);
}
