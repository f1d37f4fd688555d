using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>One message on its way to the store.</summary>
internal sealed class PendingSend(Lane lane, MessageId id, byte[] message)
{
    public Lane Lane => lane;

    /// <summary>The message as JSON; the same bytes in every attempt.</summary>
    public byte[] Message => message;

    /// <summary>The request that waits for its reply; 0 where none does.</summary>
    public long RequestId { get; set; }

    /// <summary>Whether it was handed out once: then the server may have it, and it can no longer be taken back.</summary>
    public bool Tried { get; set; }

    public TaskCompletionSource<SentMessage> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Complete(PublishedFrame reply) =>
        Done.TrySetResult(new SentMessage(id, reply.Sequence, reply.Version, reply.Time, reply.Duplicate));

    public void Fail(RealtimeException error)
    {
        Done.TrySetException(error);
        _ = Done.Task.Exception; // The caller may have stopped waiting.
    }
}
