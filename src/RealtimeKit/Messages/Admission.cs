using RealtimeKit.Delivery;

namespace RealtimeKit.Messages;

/// <summary>
/// Decides when what reaches all readers of a channel may begin: while readers wait too long for what was admitted before, or the store is
/// behind, whoever sends waits and is not received from meanwhile. Safe for concurrent use.
/// </summary>
internal sealed class Admission(WriteTurns turns, AppendQueue appends)
{
    /// <summary>Whether a user's next request may begin at once.</summary>
    public bool IsOpenTo(string user) => !turns.IsInDebt && appends.HasRoomFor(user);

    /// <summary>Waits until a user's next request may begin.</summary>
    public async Task WaitAsync(string user, CancellationToken cancellationToken)
    {
        // Once only: whoever was let through goes on, though others are still held. Asking again would send all to the end of the queue.
        await turns.WaitUntilPaidAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        while (!appends.HasRoomFor(user)) await appends.WaitForRoomAsync(user).WaitAsync(cancellationToken).ConfigureAwait(false);
    }
}
