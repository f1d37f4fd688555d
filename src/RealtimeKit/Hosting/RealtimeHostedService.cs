using Microsoft.Extensions.Hosting;

namespace RealtimeKit.Hosting;

/// <summary>Starts the node with the host, keeps its heartbeat, and drains its clients when the host stops.</summary>
internal sealed class RealtimeHostedService(RealtimeNode node, IHostApplicationLifetime lifetime) : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _work = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (node.Broker is { } broker) await broker.StartAsync(node.Receiver!, cancellationToken).ConfigureAwait(false);
        // On a single node, too: an answer of the store may be lost like a notice of the broker.
        _work = Task.WhenAll(
        [
            RunAsync("sessions", node.Monitor.RunAsync), RunAsync("repair", node.Repair.RunAsync), RunAsync("access", node.AccessRecheck.RunAsync),
            node.InboxFeed is { } feed ? RunAsync("inboxes", feed.RunAsync) : Task.CompletedTask,
            RunAsync("users", node.UserUpdates.RunAsync),
            node.Link is { } link ? RunAsync("nodes", link.RunAsync) : Task.CompletedTask,
            .. node.Observers.Queues.Select(queue => RunAsync($"observer {queue.Name}", queue.RunAsync)),
        ]);
        // At the first sign of stopping, before the web server waits for its connections to end.
        lifetime.ApplicationStopping.Register(() => _ = DrainAsync());
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // A service that is stopped alone gets no ApplicationStopping: the drain begins here.
        if (node.Sessions.IsAccepting) _ = DrainAsync();
        await _drained.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        node.Link?.Leave();
        await _stop.CancelAsync().ConfigureAwait(false);
        await _work.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => _stop.Dispose();

    private Task RunAsync(string name, Func<CancellationToken, Task> loop) => node.Loops.RunAsync(name, loop, _stop.Token);

    private async Task DrainAsync()
    {
        node.Sessions.StopAccepting();
        try
        {
            await node.Drain.RunAsync().ConfigureAwait(false);
        }
        finally
        {
            _drained.TrySetResult();
        }
    }
}
