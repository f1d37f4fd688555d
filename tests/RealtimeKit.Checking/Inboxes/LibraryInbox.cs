using RealtimeKit.Checking.Clients;
using RealtimeKit.Client;

namespace RealtimeKit.Checking.Inboxes;

/// <summary>An inbox of the .NET client library, which does all the reconnecting and folding.</summary>
internal sealed class LibraryInbox(string name, string user, IWay way, Scene scene) : IInboxReader
{
    private readonly RealtimeClient _client = way.Open(new RealtimeClientOptions
    {
        TimeProvider = scene.Time,
        ConnectTimeout = TimeSpan.FromSeconds(3),
        ReconnectDelay = TimeSpan.FromMilliseconds(200),
        MaxReconnectDelay = TimeSpan.FromSeconds(2),
        RequestTimeout = TimeSpan.FromSeconds(30),
        LoggerFactory = new ClientLog(name, scene),
    });

    private RealtimeInbox? _inbox;

    public string Name => name;

    public string User => user;

    public InboxPicture? Picture => _inbox is { IsLevel: true } inbox
        ? new InboxPicture(inbox.Rows.Select(InboxRow.From).ToDictionary(row => row.Channel), inbox.Totals.Unread, inbox.Totals.Mentions)
        : null;

    public async Task FollowAsync()
    {
        _ = _client.ConnectAsync();
        _inbox = await _client.OpenInboxAsync();
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();
}
