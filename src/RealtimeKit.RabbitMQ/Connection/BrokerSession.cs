using System.Threading.Channels;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RealtimeKit.RabbitMQ.Diagnostics;
using RealtimeKit.RabbitMQ.Publishing;
using RealtimeKit.RabbitMQ.Routing;

namespace RealtimeKit.RabbitMQ.Connection;

/// <summary>
/// One connection to a broker, with this node's queue on it, from its opening to its loss. Whatever goes wrong on it, it is
/// lost as a whole, and the next one begins from nothing.
/// </summary>
internal sealed class BrokerSession : IAsyncDisposable
{
    private readonly OpenConnection _open;
    private readonly NodeContext _node;
    private readonly CancellationTokenSource _lost = new();
    private readonly Channel<bool> _blocked = System.Threading.Channels.Channel.CreateUnbounded<bool>();
    private readonly Unconfirmed _unconfirmed;
    private Inbox? _inbox;
    private Bindings? _bindings;
    private Publisher? _publisher;
    private Task _work = Task.CompletedTask;
    private string? _reason;
    private bool _isClosing;
    private bool _isBlocked;
    private long _unblockedAt;

    private BrokerSession(OpenConnection open, NodeContext node)
    {
        (_open, _node) = (open, node);
        _unconfirmed = new Unconfirmed(node.Options.MaxUnconfirmed, node.PublishLost, node.Time);
        Lost = _lost.Token;
    }

    /// <summary>Cancelled when the connection is lost.</summary>
    public CancellationToken Lost { get; }

    /// <summary>Why it was lost.</summary>
    public string Reason => _reason ?? "closed";

    /// <summary>Whether the broker blocks this connection, at each change; ends with the connection.</summary>
    public ChannelReader<bool> Blocked => _blocked.Reader;

    /// <summary>Whether all that was sent is confirmed.</summary>
    public bool IsConfirmed => _unconfirmed.IsEmpty;

    /// <summary>Declares the node's queue with all bindings that are wanted, and begins to receive and to publish.</summary>
    public static async Task<BrokerSession> StartAsync(
        OpenConnection open, NodeContext node, Share share, PublishQueue queue, CancellationToken cancellationToken)
    {
        var session = new BrokerSession(open, node);
        try
        {
            await session.DeclareAsync(share, queue, cancellationToken).WaitAsync(session.Lost).ConfigureAwait(false);
            session._work = Task.WhenAll(session.PublishAsync(), session.WatchAsync());
            return session;
        }
        catch (Exception exception)
        {
            session.Fail(exception is OperationCanceledException ? "closed while it was opened" : exception.Message);
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Makes the bindings those that are wanted; one that takes too long is a lost connection.</summary>
    public Task LevelAsync() => _bindings!.LevelAsync(Lost);

    /// <inheritdoc cref="LevelAsync()"/>
    public Task LevelAsync(int partition) => _bindings!.LevelAsync(partition, Lost);

    /// <summary>Gives the connection up.</summary>
    public void Fail(string reason)
    {
        if (Interlocked.CompareExchange(ref _reason, reason, null) is not null) return;
        // Closing the socket ends what waits in the library, which for itself may wait for minutes.
        _open.Sockets.Dispose();
        _ = _lost.CancelAsync();
        _blocked.Writer.TryComplete();
    }

    /// <summary>Takes the node's queue off the broker, where the connection still stands.</summary>
    public async Task CloseAsync()
    {
        Volatile.Write(ref _isClosing, true);
        try
        {
            await _open.Connection.CloseAsync(_node.Options.Timeout).WaitAsync(_node.Options.Timeout, _node.Time).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            BrokerLog.CloseFailed(_node.Log, exception);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Fail("closed");
        try
        {
            await _work.WaitAsync(_node.Options.Timeout, _node.Time).ConfigureAwait(false);
        }
        catch (TimeoutException exception)
        {
            BrokerLog.CloseFailed(_node.Log, exception);
        }

        _unconfirmed.Lose();
        // Not awaited: the library may never end it, and has nothing more that this node needs.
        _ = DisposeConnectionAsync();
    }

    private async Task DisposeConnectionAsync()
    {
        try
        {
            await _open.Connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            BrokerLog.CloseFailed(_node.Log, exception);
        }
    }

    // Requests have an AMQP channel, publications another: what one of them is refused for does not mix with the other.
    private async Task DeclareAsync(Share share, PublishQueue queue, CancellationToken cancellationToken)
    {
        var (connection, options) = (_open.Connection, _node.Options);
        connection.ConnectionShutdownAsync += OnShutdownAsync;
        connection.ConnectionBlockedAsync += (_, blocked) => OnBlockedAsync(blocked.Reason);
        connection.ConnectionUnblockedAsync += (_, _) => OnUnblockedAsync();
        var requests = await connection.CreateChannelAsync(new CreateChannelOptions(false, false), cancellationToken).ConfigureAwait(false);
        var publications = await connection.CreateChannelAsync(new CreateChannelOptions(true, false), cancellationToken).ConfigureAwait(false);
        requests.ChannelShutdownAsync += OnShutdownAsync;
        publications.ChannelShutdownAsync += OnShutdownAsync;
        publications.BasicAcksAsync += (_, ack) => SettleAsync(ack.DeliveryTag, ack.Multiple, taken: true);
        publications.BasicNacksAsync += (_, nack) => SettleAsync(nack.DeliveryTag, nack.Multiple, taken: false);

        await requests.ExchangeDeclareAsync(options.Exchange, ExchangeType.Direct, durable: true, autoDelete: false, cancellationToken: cancellationToken).ConfigureAwait(false);
        // A name of its own for each connection: after a silent loss the broker may hold the old queue for a while.
        var name = $"{options.Exchange}.{Environment.MachineName}.{Guid.NewGuid():N}";
        await requests.QueueDeclareAsync(name, durable: false, exclusive: true, autoDelete: true, QueueArguments(options), cancellationToken: cancellationToken).ConfigureAwait(false);
        await requests.BasicQosAsync(0, (ushort)options.Prefetch, global: false, cancellationToken).ConfigureAwait(false);
        _bindings = new Bindings(requests, options.Exchange, name, _node.Partitions, _node.Subscriptions, share, options.Timeout, _node.Time);
        await _bindings.LevelAsync(cancellationToken).ConfigureAwait(false);
        _inbox = new Inbox(requests, options.Prefetch, _node.Id, _node.Subscriptions, _node.Receiver, Fail, _node.Log);
        await requests.BasicConsumeAsync(name, autoAck: false, _inbox, cancellationToken).ConfigureAwait(false);
        _publisher = new Publisher(publications, options.Exchange, _node.Partitions, queue, _unconfirmed, _node.PublishLost);
    }

    private static Dictionary<string, object?> QueueArguments(RabbitMqBrokerOptions options) => new()
    {
        ["x-max-length"] = options.QueueLength,
        ["x-max-length-bytes"] = options.QueueBytes,
        ["x-overflow"] = "drop-head",
    };

    private async Task PublishAsync()
    {
        try
        {
            await _publisher!.RunAsync(Lost).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (Lost.IsCancellationRequested)
        {
            // Lost: what waits is sent by the next connection, or noted as lost.
        }
        catch (Exception exception)
        {
            Fail(exception.Message);
        }
    }

    // A broker that is silently gone confirms nothing, long before the heartbeat shows it.
    private async Task WatchAsync()
    {
        var timeout = _node.Options.Timeout;
        try
        {
            using var timer = new PeriodicTimer(timeout / 4, _node.Time);
            while (await timer.WaitForNextTickAsync(Lost).ConfigureAwait(false))
            {
                if (!Volatile.Read(ref _isBlocked) && _unconfirmed.Age(Volatile.Read(ref _unblockedAt)) > timeout)
                    Fail($"no confirmation within {timeout.TotalSeconds:0.#} s");
                await _inbox!.AcknowledgeAsync(Lost).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (Lost.IsCancellationRequested)
        {
            // Lost.
        }
        catch (Exception exception)
        {
            Fail(exception.Message);
        }
    }

    private Task SettleAsync(ulong number, bool multiple, bool taken)
    {
        _unconfirmed.Settle(number, multiple, taken);
        return Task.CompletedTask;
    }

    private Task OnShutdownAsync(object sender, ShutdownEventArgs reason)
    {
        // Raised before the library has closed the connection, for which it needs the socket.
        if (!Volatile.Read(ref _isClosing)) Fail(reason.Exception is { } exception ? exception.Message : $"{reason.ReplyCode} {reason.ReplyText}");
        return Task.CompletedTask;
    }

    private Task OnBlockedAsync(string reason)
    {
        Volatile.Write(ref _isBlocked, true);
        BlockedBecause = reason;
        _blocked.Writer.TryWrite(true);
        return Task.CompletedTask;
    }

    private Task OnUnblockedAsync()
    {
        Volatile.Write(ref _unblockedAt, _node.Time.GetTimestamp());
        Volatile.Write(ref _isBlocked, false);
        _blocked.Writer.TryWrite(false);
        return Task.CompletedTask;
    }

    /// <summary>Why the broker blocks, where it does.</summary>
    public string BlockedBecause { get; private set; } = "";
}
