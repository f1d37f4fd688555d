using RealtimeKit.Checking.Checks;

namespace RealtimeKit.Checking.Clients;

/// <summary>A client of the run: it is connected once and left alone, whatever happens.</summary>
internal interface IParticipant : IAsyncDisposable
{
    string Name { get; }

    string User { get; }

    bool IsConnected { get; }

    AwayClock Away { get; }

    /// <summary>What it shows, and how far it has read each channel.</summary>
    IReadOnlyList<(ReaderView View, long Version)> Views { get; }

    /// <summary>Connects and subscribes to its channels from their beginning.</summary>
    Task FollowAsync();

    /// <summary>Sends, edits, deletes and reacts until told to stop, as the pace allows; ends when all of it is settled.</summary>
    Task WorkAsync(CancellationToken stop);
}
