using Npgsql;
using RealtimeKit.PostgreSql.Database;

namespace RealtimeKit.PostgreSql.Broker;

/// <summary>
/// Two connections, one that listens and one that notifies, from their opening to the loss of either. Whatever goes wrong, both are
/// lost, and the next session begins from nothing.
/// </summary>
internal sealed class NotifySession : IAsyncDisposable
{
    // Beyond this a transaction is sent, whatever waits: its pieces arrive together.
    private const int MostBytes = 64 * Pieces.Size;

    // How long the listening connection may be silent before the server is asked for a sign.
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(5);

    private readonly ulong _node;
    private readonly NpgsqlConnection _listening;
    private readonly NpgsqlConnection _notifying;
    private readonly string _channel;
    private readonly int _timeout;
    private readonly NotifyQueue _queue;
    private readonly Action<string> _publishLost;
    private readonly CancellationTokenSource _end = new();
    private volatile bool _sending;

    private NotifySession(
        ulong node, NpgsqlConnection listening, NpgsqlConnection notifying, string channel, int timeout, NotifyQueue queue, Action<string> publishLost) =>
        (_node, _listening, _notifying, _channel, _timeout, _queue, _publishLost) = (node, listening, notifying, channel, timeout, queue, publishLost);

    /// <summary>Whether nothing waits to be sent or is being sent.</summary>
    public bool IsIdle => _queue.IsEmpty && !_sending;

    /// <summary>Opens both connections; what is published from then on arrives.</summary>
    /// <param name="node">Distinguishes this node's publications.</param>
    /// <param name="database">The database.</param>
    /// <param name="channel">What all nodes listen to.</param>
    /// <param name="timeout">The most seconds for one statement.</param>
    /// <param name="queue">What is to be sent.</param>
    /// <param name="received">Called with the payload of each notification, one at a time.</param>
    /// <param name="publishLost">Called with the channel of each publication that may not have been sent.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<NotifySession> OpenAsync(
        ulong node, PostgreSqlDatabase database, string channel, int timeout, NotifyQueue queue, Action<string> received, Action<string> publishLost,
        CancellationToken cancellationToken)
    {
        var listening = await database.ConnectAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            listening.Notification += (_, notification) => received(notification.Payload);
            await RunAsync(listening, $"SET statement_timeout = {timeout * 1_000}; LISTEN {Sql.Quote(channel)}", timeout, cancellationToken).ConfigureAwait(false);
            var notifying = await database.ConnectAsync(cancellationToken).ConfigureAwait(false);
            var session = new NotifySession(node, listening, notifying, channel, timeout, queue, publishLost);
            try
            {
                // A notification is a hint: its commit waits for no disk and no standby.
                await RunAsync(notifying, $"SET statement_timeout = {timeout * 1_000}; SET synchronous_commit = off", timeout, cancellationToken).ConfigureAwait(false);
                return session;
            }
            catch
            {
                await notifying.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }
        catch
        {
            await listening.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Sends and receives until a connection is lost, and throws what ended it.</summary>
    /// <exception cref="OperationCanceledException">It was told to end.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _end.Token);
        Task[] work = [ListenAsync(linked.Token), NotifyAsync(linked.Token)];
        var first = await Task.WhenAny(work).ConfigureAwait(false);
        await _end.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _listening.DisposeAsync().ConfigureAwait(false);
        await _notifying.DisposeAsync().ConfigureAwait(false);
        _end.Dispose();
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (!await _listening.WaitAsync(KeepAlive, cancellationToken).ConfigureAwait(false))
                await RunAsync(_listening, $"LISTEN {Sql.Quote(_channel)}", _timeout, cancellationToken).ConfigureAwait(false);
        }
    }

    // One transaction after another: what comes while one commits goes with the next.
    private async Task NotifyAsync(CancellationToken cancellationToken)
    {
        var batch = new List<QueuedNotice>();
        var command = new NpgsqlCommand("SELECT pg_notify($1, piece) FROM unnest($2) piece", _notifying) { CommandTimeout = _timeout + 1 };
        await using (command.ConfigureAwait(false))
        {
            var pieces = new NpgsqlParameter<string[]>();
            command.Parameters.Add(Sql.Parameter(_channel));
            command.Parameters.Add(pieces);
            while (await _queue.WaitAsync(cancellationToken).ConfigureAwait(false))
            {
                _sending = true;
                for (var bytes = 0; bytes < MostBytes && _queue.TryTake(out var publication); bytes += Pieces.SizeOf(publication)) batch.Add(publication);
                if (batch.Count > 0) await SendAsync(command, pieces, batch).ConfigureAwait(false);
                batch.Clear();
                _sending = false;
            }
        }
    }

    private async Task SendAsync(NpgsqlCommand command, NpgsqlParameter<string[]> pieces, List<QueuedNotice> batch)
    {
        try
        {
            pieces.TypedValue = Pieces.Cut(_node, batch);
            await command.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch
        {
            foreach (var publication in batch) _publishLost(publication.Channel);
            throw;
        }
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, int timeout, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = timeout + 1 };
        await using (command.ConfigureAwait(false)) await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
