using System.Collections.Concurrent;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>
/// A user's connection to a RealtimeKit server. It connects again by itself, goes on reading each channel at its cursor,
/// and sends again, in order and without doubling, what was not acknowledged. All members are safe for concurrent use.
/// </summary>
/// <remarks>
/// It connects again after every loss, at random moments within bounds that double, except where the server ends it for
/// good (close codes 1000, 4400, 4403, and 4401 unless a token provider has another token): then it is closed, and stays so.
/// </remarks>
public sealed partial class RealtimeClient : IAsyncDisposable
{
    private const int MostStateChanges = 256;

    private readonly ConcurrentDictionary<string, RealtimeChannel> _channels = new(StringComparer.Ordinal);
    private readonly RequestTable _requests;
    private readonly Outbox _outbox;
    private readonly SubscriptionTable _subscriptions;
    private readonly InboxKeeper _inbox;
    private readonly ConnectionLoop _loop;
    private readonly FileTransfers _files;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private ConnectionState _state = ConnectionState.Idle;
    private readonly EventQueue<ConnectionState> _changes;
    private readonly EventQueue<UserProfile> _userChanges;
    private readonly UserTable _users;
    private Task? _running;

    /// <summary>Makes a client; it connects when asked to.</summary>
    /// <param name="endpoint">Where the server listens, such as <c>wss://example.com/realtime</c>; http and https are taken as ws and wss.</param>
    /// <param name="options">How it behaves; the defaults where left out.</param>
    /// <remarks>
    /// In a browser (Blazor WebAssembly) it needs <see cref="RealtimeClientOptions.ConnectionFactory"/>; without one it is closed
    /// as soon as it connects.
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The endpoint is not an absolute address of one of these schemes, or two options exclude each other.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    [UnsupportedOSPlatform("browser")]
    public RealtimeClient(Uri endpoint, RealtimeClientOptions? options = null)
    {
        var settings = (options ?? new RealtimeClientOptions()).CopyValidated();
        Endpoint = WebSocketAddress(endpoint);
        _time = settings.TimeProvider;
        _logger = new GuardedLogger((settings.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger("RealtimeKit.Client"));
        _changes = new EventQueue<ConnectionState>(state => Raise(StateChanged, state), MostStateChanges);
        _userChanges = new EventQueue<UserProfile>(profile => Raise(UserChanged, profile), ProtocolConstants.MaxWatchedUsers);
        var ids = new RequestIds();
        _requests = new RequestTable(ids, settings.QueueLimit, settings.RequestTimeout, settings.TimeProvider);
        _outbox = new Outbox(settings, ids, _logger);
        _users = new UserTable(ids, _userChanges.Add);
        _subscriptions = new SubscriptionTable(settings, ids, _requests, _logger);
        _inbox = new InboxKeeper(settings, ids, _requests, _logger);
        _files = new FileTransfers(Endpoint, settings);
        _loop = new ConnectionLoop(
            Endpoint, settings, ids, _requests, _subscriptions, _inbox, _users, [_outbox, _subscriptions, _inbox, _users, _requests], _logger, SetState);
    }

    /// <summary>
    /// Raised after <see cref="State"/> changed, with the new state; one change at a time, in order, on a thread of the
    /// pool. The connection does not wait for handlers: they may block, and close the client. Where one holds up 256 changes,
    /// the oldest of them are left out. What a handler throws is logged.
    /// </summary>
    public event EventHandler<ConnectionState>? StateChanged;

    /// <summary>
    /// Raised when one of the 1,000 users that were asked for last (<see cref="UsersAsync"/>) changed, also where that was noticed after a time
    /// without connection; one change at a time, in order, on a thread of the pool. Where a handler holds up 1,000 changes, the oldest of them
    /// are left out. What a handler throws is logged.
    /// </summary>
    public event EventHandler<UserProfile>? UserChanged;

    /// <summary>Where the server listens.</summary>
    public Uri Endpoint { get; }

    /// <summary>What the connection is doing now.</summary>
    public ConnectionState State => Volatile.Read(ref _state);

    /// <summary>
    /// Begins to connect, if it has not begun, and ends when the client is connected for the first time. A server that
    /// cannot be reached is tried again until the client is closed; messages may be sent and channels subscribed before.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting; the client goes on trying.</param>
    /// <exception cref="RealtimeException">The client is or was closed, by the application or by the server; make a new one.</exception>
    public Task ConnectAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate) _running ??= _loop.RunAsync();
        return _loop.FirstConnected.WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Closes for good. Messages that are not acknowledged yet fail with <see cref="ClientErrorCodes.Closed"/>, though the
    /// server may have them; readers get what they have not read, and then the end. A server that does not take the farewell
    /// within two seconds is left without. Closing twice does nothing.
    /// </summary>
    public async Task CloseAsync()
    {
        _loop.Stop();
        _files.Dispose();
        Task running;
        lock (_gate) running = _running ??= _loop.RunAsync();
        await running.ConfigureAwait(false);
    }

    /// <inheritdoc cref="CloseAsync"/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync().ConfigureAwait(false);
        _loop.Dispose();
    }

    /// <summary>A channel by its identifier; always the same object for the same one. It asks the server nothing.</summary>
    /// <exception cref="ArgumentException">It is not an identifier.</exception>
    public RealtimeChannel Channel(string channel) =>
        _channels.GetOrAdd(
            Identifiers.Require(channel, nameof(channel)),
            static (name, client) => new RealtimeChannel(name, client._time, client._outbox, client._requests, client._subscriptions, client._files), this);

    /// <summary>The address of a file. Whoever asks for it must be signed in.</summary>
    /// <param name="id">The file's id, as attachments have it.</param>
    public Uri FileAddress(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return _files.Address(id);
    }

    /// <summary>Opens a file that a message has.</summary>
    /// <param name="id">The file's id.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Its bytes as they come; the caller disposes of the stream.</returns>
    /// <exception cref="RealtimeException">There is no such file that this user may see (<c>not_found</c>), or it cannot be fetched now.</exception>
    public Task<Stream> DownloadFileAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return _files.DownloadAsync(id, cancellationToken);
    }

    /// <summary>A page of the channels that the user is a member of, the latest changed first.</summary>
    /// <param name="before">The <see cref="ChannelList.Next"/> of the page before; nothing for the first.</param>
    /// <param name="limit">The most channels, 1 to 200. Default: 50.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeException">The server refused, or the client is closed.</exception>
    /// <exception cref="TimeoutException">There was no reply within <see cref="RealtimeClientOptions.RequestTimeout"/>.</exception>
    public async Task<ChannelList> ChannelsAsync(string? before = null, int? limit = null, CancellationToken cancellationToken = default)
    {
        var reply = await _requests.SendAsync<ChannelsFrame>(
            (output, id) => ClientRequests.Channels(output, id, before, limit), repeat: true, cancellationToken).ConfigureAwait(false);
        return new ChannelList(reply.Channels, reply.More ? reply.Next : null);
    }

    /// <summary>
    /// Opens the user's inbox: all these channels, live. It ends when all rows are there, which is after the first connection. While it is open,
    /// it is the same object.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting; the inbox stays open.</param>
    /// <exception cref="RealtimeException">The server refused (<c>unsupported</c> where it has none), or the client or the inbox is closed.</exception>
    public Task<RealtimeInbox> OpenInboxAsync(CancellationToken cancellationToken = default) => _inbox.OpenAsync().WaitAsync(cancellationToken);

    /// <summary>
    /// What the application shows of users. Whoever is unknown, or not to be seen by this user, is left out. <see cref="UserChanged"/> tells
    /// what changes of them.
    /// </summary>
    /// <param name="users">The users, 1 to 200.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ArgumentException">No user can have one of the names, or they are too many or none.</exception>
    /// <exception cref="RealtimeException">The server refused, or the client is closed.</exception>
    /// <exception cref="TimeoutException">There was no reply within <see cref="RealtimeClientOptions.RequestTimeout"/>.</exception>
    public async Task<IReadOnlyList<UserProfile>> UsersAsync(IEnumerable<string> users, CancellationToken cancellationToken = default)
    {
        string[] asked = [.. users.Distinct(StringComparer.Ordinal)];
        foreach (var user in asked) UserNames.Require(user, nameof(users));
        if (asked.Length is < 1 or > ProtocolConstants.MaxUsersPerRequest)
            throw new ArgumentException($"One request asks for 1 to {ProtocolConstants.MaxUsersPerRequest} users.", nameof(users));
        _users.Ask(asked);
        var reply = await _requests.SendAsync<UsersFrame>(
            (output, id) => ClientRequests.Profiles(output, id, asked), repeat: true, cancellationToken).ConfigureAwait(false);
        return [.. reply.Users.Select(_users.Latest)];
    }

    /// <summary>
    /// Finds messages by their text, the latest first, in all channels that the user may see or in one. Words are joined by AND, each finds words
    /// that begin with it; <c>"a phrase"</c> in quotation marks finds itself; case and diacritics do not count.
    /// </summary>
    /// <param name="query">What to find, at most 200 UTF-16 code units.</param>
    /// <param name="options">Where, and which page. Default: the first page over all channels.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ArgumentException">The query has an unpaired surrogate or U+0000, or a name in the options is none.</exception>
    /// <exception cref="RealtimeException">
    /// The server refused (<c>invalid</c> where the query has nothing that can be searched, <c>unsupported</c> where it has no search), or the
    /// client is closed.
    /// </exception>
    /// <exception cref="TimeoutException">There was no reply within <see cref="RealtimeClientOptions.RequestTimeout"/>.</exception>
    public async Task<SearchResults> SearchAsync(string query, SearchOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(query);
        TextRules.Require(query);
        var where = options ?? new SearchOptions();
        if (where.Channel is { } channel) Identifiers.Require(channel, nameof(options));
        if (where.Sender is { } sender) UserNames.Require(sender, nameof(options));
        var reply = await _requests.SendAsync<ResultsFrame>(
            (output, id) => ClientMessageRequests.Search(output, id, query, where), repeat: true, cancellationToken).ConfigureAwait(false);
        return new SearchResults(reply.Messages, reply.More ? reply.Next : null);
    }

    /// <summary>Creates a channel, where the host allows it. A direct channel that the pair already has is returned.</summary>
    /// <returns>The channel's identifier.</returns>
    /// <exception cref="ArgumentException">The definition has a name that no channel or no user can have.</exception>
    /// <exception cref="RealtimeException">
    /// The server refused (<c>forbidden</c>; <c>conflict</c> where the name is taken), or the connection was lost before the
    /// reply (<see cref="ClientErrorCodes.ConnectionLost"/>): then it may have been created.
    /// </exception>
    /// <exception cref="TimeoutException">There was no reply within <see cref="RealtimeClientOptions.RequestTimeout"/>.</exception>
    public async Task<string> CreateAsync(ChannelDefinition definition, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(definition);
        if (definition.Channel is { } channel) Identifiers.Require(channel, nameof(definition));
        foreach (var member in definition.Members ?? []) UserNames.Require(member, nameof(definition));
        var reply = await _requests.SendAsync<OkFrame>(
            (output, id) => ClientRequests.Create(output, id, definition.Kind, definition.Channel, definition.Name, definition.Members, definition.Data),
            repeat: false, cancellationToken).ConfigureAwait(false);
        return reply.Channel ?? definition.Channel ?? throw new RealtimeException(ErrorCodes.Internal, "The server did not name the channel.");
    }

    private void SetState(ConnectionState state)
    {
        Volatile.Write(ref _state, state);
        _changes.Add(state);
    }

    private void Raise<T>(EventHandler<T>? handlers, T value)
    {
        foreach (var handler in Delegate.EnumerateInvocationList(handlers))
        {
            try
            {
                handler(this, value);
            }
#pragma warning disable CA1031 // A handler is the application's; what it throws must not reach the others.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Log.HandlerThrew(_logger, e);
            }
        }
    }

    private static Uri WebSocketAddress(Uri endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        if (!endpoint.IsAbsoluteUri) throw new ArgumentException("The endpoint must be an absolute address.", nameof(endpoint));
        var scheme = endpoint.Scheme switch
        {
            "ws" or "http" => "ws",
            "wss" or "https" => "wss",
            _ => throw new ArgumentException("The endpoint must begin with ws, wss, http or https.", nameof(endpoint)),
        };
        return new UriBuilder(endpoint) { Scheme = scheme, Port = endpoint.Port }.Uri;
    }
}
