using System.Net;
using System.Net.Sockets;
using RealtimeKit.Brokers;

namespace RealtimeKit.Docs.Adapter;

/// <summary>A broker for the nodes of one machine: each keeps a connection to a <see cref="SocketRelay"/>. Safe for concurrent use.</summary>
internal sealed class SocketBroker(EndPoint relay, TimeProvider time) : IMessageBroker, IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly HashSet<string> _channels = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private IBrokerReceiver? _receiver;
    private SocketLink? _link;
    private Task _running = Task.CompletedTask;

    public async ValueTask StartAsync(IBrokerReceiver receiver, CancellationToken cancellationToken)
    {
        _receiver = receiver;
        var tried = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _running = RunAsync(receiver, tried);
        // A relay that is away is no failure: only the first attempt is waited for.
        await tried.Task.WaitAsync(cancellationToken);
    }

    public void Publish(string channel, ReadOnlySpan<byte> payload)
    {
        if (Volatile.Read(ref _link)?.TryPublish(channel, payload) != true) _receiver?.PublishLost(channel);
    }

    public async ValueTask SubscribeAsync(string channel, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Task? asked;
        lock (_gate)
        {
            _channels.Add(channel);
            asked = _link?.AskAsync(FrameKind.Subscribe, channel);
        }

        // Without a connection it is made with the next one, after which the engine compares its channels with the store.
        if (asked is not null) await asked.WaitAsync(cancellationToken);
    }

    public async ValueTask UnsubscribeAsync(string channel, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Task? asked;
        lock (_gate)
        {
            _channels.Remove(channel);
            asked = _link?.AskAsync(FrameKind.Unsubscribe, channel);
        }

        if (asked is not null) await asked.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(IBrokerReceiver receiver, TaskCompletionSource tried)
    {
        for (var lost = false; !_stop.IsCancellationRequested;)
        {
            if (await ConnectAsync() is { } socket)
            {
                var link = new SocketLink(socket, receiver);
                var running = link.RunAsync(_stop.Token);
                await SubscribeAgainAsync(link);
                if (lost) receiver.ConnectionRegained();
                tried.TrySetResult();
                await running;
                Volatile.Write(ref _link, null);
                lost = false;
            }

            if (!lost) receiver.ConnectionLost();
            lost = true;
            tried.TrySetResult();
            await Task.Delay(Pause, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<Socket?> ConnectAsync()
    {
        var socket = new Socket(relay.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(relay, _stop.Token);
            return socket;
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            return null;
        }
    }

    // From the lock on, whoever subscribes asks the new connection; what was subscribed before is asked for here.
    private async Task SubscribeAgainAsync(SocketLink link)
    {
        Task[] asked;
        lock (_gate)
        {
            Volatile.Write(ref _link, link);
            asked = [.. _channels.Select(channel => link.AskAsync(FrameKind.Subscribe, channel))];
        }

        await Task.WhenAll(asked);
    }
}
