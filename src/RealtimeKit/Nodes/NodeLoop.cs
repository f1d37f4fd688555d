using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace RealtimeKit.Nodes;

/// <summary>One loop that does everything about the other nodes, one thing after another. Posting is safe for concurrent use.</summary>
internal sealed partial class NodeLoop(ILogger<NodeLoop> logger) : IDisposable
{
    // More than this waiting means that the node cannot keep up; the heartbeats repair what is dropped.
    private const int Backlog = 16_384;

    private readonly Channel<Action> _work = Channel.CreateBounded<Action>(new BoundedChannelOptions(Backlog) { SingleReader = true });
    private volatile bool _busy;

    /// <summary>Whether nothing waits to be done.</summary>
    public bool IsIdle => !_busy && _work.Reader.Count == 0;

    /// <summary>Has something done on the loop.</summary>
    /// <returns>False where too much waits already.</returns>
    public bool Post(Action work) => _work.Writer.TryWrite(work);

    /// <summary>Runs until it is cancelled.</summary>
    /// <param name="flush">Called whenever nothing more waits.</param>
    /// <param name="cancellationToken">Ends the loop.</param>
    public async Task RunAsync(Action flush, CancellationToken cancellationToken)
    {
        try
        {
            while (await _work.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                _busy = true;
                while (_work.Reader.TryRead(out var work)) Do(work);
                Do(flush);
                _busy = false;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    public void Dispose() => _work.Writer.TryComplete();

    private void Do(Action work)
    {
        try
        {
            work();
        }
        catch (Exception exception)
        {
            NodeWorkFailed(exception);
        }
    }

    [LoggerMessage(53, LogLevel.Error, "Work that concerns the other nodes failed.")]
    private partial void NodeWorkFailed(Exception exception);
}
