using System.Threading.Channels;
using RealtimeKit.Client;
using RealtimeKit.Protocol;

namespace RealtimeKit.Samples;

/// <summary>How a conversation stands at one moment.</summary>
/// <param name="Connection">What the connection is doing.</param>
/// <param name="Messages">The stored messages that are held, in their order.</param>
/// <param name="Unsent">The texts that the server has not acknowledged yet, in their order.</param>
/// <param name="Problem">What went wrong last, if anything.</param>
internal sealed record Picture(
    ConnectionState Connection, IReadOnlyList<Message> Messages, IReadOnlyList<string> Unsent, string? Problem)
{
    /// <summary>The connection in a few words.</summary>
    public string State
    {
        get
        {
            var state = Connection.Status switch
            {
                ConnectionStatus.Connected => "online",
                ConnectionStatus.Idle or ConnectionStatus.Connecting => "connecting",
                ConnectionStatus.Waiting => "offline",
                _ => $"ended: {Connection.Reason}",
            };
            return Unsent.Count == 0 ? state : $"{state}, {Unsent.Count} unsent";
        }
    }
}

/// <summary>One channel through the client, as the views show it.</summary>
internal sealed class Conversation : IAsyncDisposable
{
    private const int Recent = 50;
    private const int Held = 500;

    private readonly CookieSignIn _signIn;
    private readonly RealtimeClient _client;
    private readonly RealtimeChannel _channel;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, Message> _messages = [];
    private readonly List<OutgoingMessage> _unsent = [];
    private readonly Channel<bool> _changes = System.Threading.Channels.Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private string? _problem;

    public Conversation(Uri server, string name, string channel)
    {
        (Me, Channel) = (name, channel);
        _signIn = new CookieSignIn(server, name);
        _client = new RealtimeClient(new Uri(server, "/realtime"), new RealtimeClientOptions
        {
            TokenProvider = _signIn.SignInAsync,
            ConfigureWebSocket = options => options.Cookies = _signIn.Cookies,
            MaxReconnectDelay = TimeSpan.FromSeconds(5),
        });
        _client.StateChanged += (_, _) => Changed();
        _channel = _client.Channel(channel);
    }

    public string Me { get; }

    public string Channel { get; }

    /// <summary>Something comes whenever there may be something new to see.</summary>
    public IAsyncEnumerable<bool> ChangesAsync(CancellationToken cancellationToken) => _changes.Reader.ReadAllAsync(cancellationToken);

    public Picture Look()
    {
        lock (_gate) return new Picture(_client.State, [.. _messages.Values], [.. _unsent.Select(message => message.Text!)], _problem ?? _client.State.Reason);
    }

    /// <summary>Connects, and takes what comes until told to stop.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Both wait for the server, however long it takes.
            _ = _client.ConnectAsync(cancellationToken);
            await _channel.SubscribeAsync(SubscribeOptions.Recent(Recent), cancellationToken);
            await foreach (var update in _channel.ReadAsync(cancellationToken)) Take(update);
        }
        catch (RealtimeException exception)
        {
            Fail(exception.Message);
        }
    }

    /// <summary>Sends a text. It counts as unsent until the server has stored it, with or without a connection.</summary>
    public void Send(string text)
    {
        var message = OutgoingMessage.FromText(text);
        lock (_gate) _unsent.Add(message);
        Changed();
        _ = FollowAsync(message);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        _signIn.Dispose();
    }

    private async Task FollowAsync(OutgoingMessage message)
    {
        try
        {
            await _channel.SendAsync(message);
        }
        catch (RealtimeException exception) when (exception.Code == ClientErrorCodes.Closed)
        {
            // It stays unsent.
            return;
        }
        catch (RealtimeException exception)
        {
            Fail($"\"{message.Text}\" was refused: {exception.Message}");
        }

        lock (_gate) _unsent.Remove(message);
        Changed();
    }

    private void Take(ChannelUpdate update)
    {
        lock (_gate)
        {
            switch (update)
            {
                case MessagePosted { Message: var message }:
                    _messages[message.Sequence] = message;
                    if (_messages.Count > Held) _messages.Remove(_messages.Keys.First());
                    break;
                case MessageUpdated { Message: var message } when _messages.ContainsKey(message.Sequence):
                    _messages[message.Sequence] = message;
                    break;
                case ChannelReset:
                    _messages.Clear();
                    break;
                case ChannelRevoked { Reason: var reason }:
                    _problem = $"The channel can no longer be read: {reason}.";
                    break;
            }
        }

        Changed();
    }

    private void Fail(string problem)
    {
        lock (_gate) _problem = problem;
        Changed();
    }

    private void Changed() => _changes.Writer.TryWrite(true);
}
