using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RealtimeKit.Brokers;
using RealtimeKit.PostgreSql.Database;

namespace RealtimeKit.PostgreSql.Broker;

/// <summary>
/// The broker over the store's own database, by LISTEN and NOTIFY: every node listens to one channel, which is named as the store's
/// schema, and takes out of what arrives the channels that it wants.
/// </summary>
internal sealed partial class PostgreSqlBroker(IOptions<PostgreSqlStoreOptions> options, TimeProvider time, ILogger<PostgreSqlBroker> logger)
    : IMessageBroker, IAsyncDisposable
{
    private const int MaxFailures = 100;
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly PostgreSqlDatabase _database = new(
        options.Value.DataSource, options.Value.ConnectionString, options.Value.Schema, options.Value.CommandTimeout);
    private readonly NotifyQueue _queue = new();
    private readonly WantedChannels _wanted = new();
    private readonly ulong _node = (ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue);
    private readonly HashSet<string> _failures = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _tried = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IBrokerReceiver? _receiver;
    private Task? _work;
    private volatile NotifySession? _session;
    private bool _isLost;
    private int _disposed;

    /// <summary>Whether heads are better than contents: yes, because a notification is small and the store is at hand.</summary>
    public bool PrefersHeads => true;

    private TimeSpan Timeout => options.Value.CommandTimeout;

    /// <summary>Connects, or begins to: it waits for the first attempt only, and no longer than the store's timeout.</summary>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    public async ValueTask StartAsync(IBrokerReceiver receiver, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        if (_work is not null) throw new InvalidOperationException("The broker was started before.");
        _receiver = receiver;
        _work = Task.Run(RunAsync, CancellationToken.None);
        try
        {
            await _tried.Task.WaitAsync(Timeout, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // It goes on trying.
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The channel's name is longer than 65,535 bytes.</exception>
    public void Publish(string channel, ReadOnlySpan<byte> payload)
    {
        ArgumentNullException.ThrowIfNull(channel);
        if (_work is null) throw new InvalidOperationException("The broker was not started.");
        if (Encoding.UTF8.GetByteCount(channel) > ushort.MaxValue) throw new ArgumentException("The channel's name is longer than 65,535 bytes.", nameof(channel));
        if (_session is null || !_queue.TryAdd(channel, payload)) PublishLost(channel);
    }

    /// <inheritdoc/>
    /// <remarks>Where the database is away, the subscription takes effect with the next connection, and the engine compares then.</remarks>
    public ValueTask SubscribeAsync(string channel, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(channel);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        _wanted.Add(channel);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask UnsubscribeAsync(string channel, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(channel);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        _wanted.Remove(channel);
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends what waits, for at most the store's timeout, and disconnects.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1) return;
        var started = time.GetTimestamp();
        while (_session is { IsIdle: false } && time.GetElapsedTime(started) < Timeout)
            await Task.Delay(TimeSpan.FromMilliseconds(5), time).ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_work is not null) await _work.ConfigureAwait(false);
        await _database.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        for (var pause = ShortestPause; !_stop.IsCancellationRequested;)
        {
            var started = time.GetTimestamp();
            try
            {
                await ServeAsync().ConfigureAwait(false);
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                Leave();
                // Once for each reason until the next success, not at each attempt.
                if (_failures.Count < MaxFailures && _failures.Add(exception.Message)) NotConnected(_database.Name, exception.Message);
            }

            _tried.TrySetResult();
            // A session that is lost again and again is no success.
            if (time.GetElapsedTime(started) > LongestPause) pause = ShortestPause;
            await Task.Delay(pause * (0.5 + (Random.Shared.NextDouble() / 2)), time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async Task ServeAsync()
    {
        var reader = new PieceReader(_node, _wanted, _receiver!);
        var session = await NotifySession.OpenAsync(
            _node, _database, options.Value.Schema, DataSources.Seconds(Timeout), _queue, payload => Receive(reader, payload), PublishLost,
            _stop.Token).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            _session = session;
            Connected(_database.Name);
            _failures.Clear();
            if (_isLost) Call(static receiver => receiver.ConnectionRegained());
            _isLost = false;
            _tried.TrySetResult();
            try
            {
                await session.RunAsync(_stop.Token).ConfigureAwait(false);
            }
            finally
            {
                _session = null;
                if (!_stop.IsCancellationRequested) Leave();
                // What waits was not sent: by the time of the next connection the others have looked for themselves.
                while (_queue.TryTake(out var publication)) PublishLost(publication.Channel);
            }
        }
    }

    private void Leave()
    {
        if (!_isLost) Call(static receiver => receiver.ConnectionLost());
        _isLost = true;
    }

    private void Receive(PieceReader reader, string payload) => Call(_ => reader.Take(payload));

    private void PublishLost(string channel) => Call(receiver => receiver.PublishLost(channel));

    private void Call(Action<IBrokerReceiver> call)
    {
        try
        {
            call(_receiver!);
        }
        catch (Exception exception)
        {
            ReceiverFailed(exception);
        }
    }

    [LoggerMessage(11, LogLevel.Information, "{Database}: notifications of the other nodes are received.")]
    private partial void Connected(string database);

    [LoggerMessage(12, LogLevel.Warning, "{Database}: notifications of the other nodes are not received: {Reason}. Trying again until it succeeds; changes are found by comparing with the store meanwhile.")]
    private partial void NotConnected(string database, string reason);

    [LoggerMessage(13, LogLevel.Error, "The node failed on a notification.")]
    private partial void ReceiverFailed(Exception exception);
}
