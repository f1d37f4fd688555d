namespace RealtimeKit.Checking.Inboxes;

/// <summary>A client that keeps an inbox open, whatever happens to its connection.</summary>
internal interface IInboxReader : IAsyncDisposable
{
    string Name { get; }

    string User { get; }

    /// <summary>What it shows; null while it is not level.</summary>
    InboxPicture? Picture { get; }

    /// <summary>Opens the inbox.</summary>
    Task FollowAsync();
}
