using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>
/// Something that outlives connections: it gets each in turn, never two at once, and frames on one thread at a
/// time. No call waits or throws.
/// </summary>
internal interface IConnectionPart
{
    /// <summary>Signed in: hand out what waits.</summary>
    void Attach(ServerConnection connection, ConnectedFrame connected);

    /// <summary>
    /// A connection is about to be given up in good order: hand out nothing more on it. It may be gone by then, and the
    /// next one there.
    /// </summary>
    void Pause(ServerConnection connection)
    {
    }

    /// <summary>The connection is gone: what it did not answer is open again.</summary>
    void Detach();

    /// <summary>There will be no further connection.</summary>
    /// <param name="error">What those who wait get; nothing where the application itself closed.</param>
    void Close(RealtimeException? error);

    /// <summary>Takes a reply if it belongs to this part.</summary>
    bool TryTake(ServerReply reply);

    /// <summary>How many requests of the present connection wait for a reply.</summary>
    int Unanswered => 0;

    /// <summary>The size in bytes of the largest of them; 0 for none.</summary>
    int LargestUnanswered => 0;

    /// <summary>Gives up the largest of them: it must not be sent again.</summary>
    void FailLargest(RealtimeException error)
    {
    }
}
