using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace RealtimeKit.Hosting;

/// <summary>
/// Keeps the node's loops running. Each catches what the host's code throws; one that ends all the same begins anew after a pause, and
/// until then the health check knows of it. Safe for concurrent use.
/// </summary>
internal sealed partial class BackgroundLoops(TimeProvider time, ILogger<BackgroundLoops> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, bool> _ended = new(StringComparer.Ordinal);

    /// <summary>The loops that ended and do not run at present.</summary>
    public ICollection<string> Ended => _ended.Keys;

    /// <summary>Runs a loop until it is cancelled.</summary>
    public async Task RunAsync(string name, Func<CancellationToken, Task> loop, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await loop(cancellationToken).ConfigureAwait(false);
                if (cancellationToken.IsCancellationRequested) return;
                LoopEnded(null, name);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                LoopEnded(exception, name);
            }
            catch (Exception)
            {
                // The node stops, and nothing of it is needed any more.
                return;
            }

            _ended[name] = true;
            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _ended.TryRemove(name, out _);
        }
    }

    [LoggerMessage(60, LogLevel.Critical, "The loop '{Loop}' of this node has ended by a fault; it begins anew in a second.")]
    private partial void LoopEnded(Exception? exception, string loop);
}
