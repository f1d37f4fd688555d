using Microsoft.Extensions.Hosting;

namespace RealtimeKit;

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
            node.Monitor.RunAsync(_stop.Token), node.Observers.RunAsync(_stop.Token),
            node.Repair.RunAsync(_stop.Token), node.AccessReview.RunAsync(_stop.Token), node.Link?.RunAsync(_stop.Token) ?? Task.CompletedTask);
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
