using System.Collections.Concurrent;
using RealtimeKit.Stores;

namespace RealtimeKit.Checking.Plants;

/// <summary>Keeps memory for every change for ever.</summary>
internal sealed class HoardsMemory(IMessageStore inner, int bytesPerChange) : StoreDouble(inner)
{
    private readonly ConcurrentBag<byte[]> _hoard = [];

    public override ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken)
    {
        foreach (var _ in changes)
        {
            var bytes = GC.AllocateUninitializedArray<byte>(bytesPerChange);
            // Touched, or it would cost nothing.
            bytes.AsSpan().Fill(1);
            _hoard.Add(bytes);
        }

        return Inner.AppendAsync(changes, cancellationToken);
    }
}
