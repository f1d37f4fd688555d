using RealtimeKit.Brokers;

namespace RealtimeKit.PostgreSql.Broker;

/// <summary>Joins the pieces that arrive on one connection and hands the engine what is wanted of them. Not safe for concurrent use.</summary>
internal sealed class PieceReader(ulong self, WantedChannels wanted, IBrokerReceiver receiver)
{
    private const int MostKept = 1 << 20;

    private readonly MemoryStream _joined = new();
    private ulong _node;
    private int _next;

    /// <summary>Takes the payload of a notification.</summary>
    public void Take(string payload)
    {
        // What this node published itself it has delivered already.
        if (!Pieces.TryRead(payload, out var node, out var number, out var isLast, out var bytes) || node == self) return;
        if (number == 0) Begin(node);
        else if (node != _node || number != _next) return;
        _next = number + 1;
        if (number == 0 && isLast)
        {
            Hand(bytes);
            return;
        }

        _joined.Write(bytes);
        if (!isLast) return;
        Hand(_joined.GetBuffer().AsSpan(0, (int)_joined.Length));
        Begin(0);
    }

    private void Begin(ulong node)
    {
        (_node, _next) = (node, 0);
        _joined.SetLength(0);
        if (_joined.Capacity > MostKept) _joined.Capacity = 0;
    }

    private void Hand(ReadOnlySpan<byte> bytes)
    {
        while (Pieces.TryTake(ref bytes, out var name, out var payload))
            if (wanted.Find(name) is { } channel) receiver.Receive(channel, payload);
    }
}
