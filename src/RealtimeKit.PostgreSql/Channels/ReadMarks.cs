using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>
/// Moves read marks by group commit: while some are being committed the next gather, so that a thousand readers who mark the same message
/// cost a few transactions. Safe for concurrent use.
/// </summary>
internal sealed class ReadMarks(SessionPool calls) : IAsyncDisposable
{
    private const int MostAtOnce = 256;

    // The weakest lock of the channels: appends pass it, a deletion does not. In one order, so that nodes do not wait in a circle.
    public const string Move = """
        WITH found AS (
            SELECT w.place, w.user_id, c.id, least(w.sequence, c.sequence) AS sequence
            FROM unnest($1, $2, $3) WITH ORDINALITY AS w(name, user_id, sequence, place) JOIN channels c ON c.name = w.name
            FOR KEY SHARE OF c),
        moved AS (
            INSERT INTO marks(channel, user_id, sequence, stamp)
            SELECT id, user_id, sequence, txid_current() FROM found WHERE sequence > 0 ORDER BY id, user_id
            ON CONFLICT (channel, user_id) DO UPDATE SET sequence = excluded.sequence, stamp = excluded.stamp WHERE marks.sequence < excluded.sequence
            RETURNING channel, user_id)
        SELECT f.place, f.id, f.user_id, f.sequence, m.sequence
        FROM found f LEFT JOIN LATERAL (SELECT sequence FROM marks WHERE channel = f.id AND user_id = f.user_id LIMIT 1) m ON true
        UNION ALL SELECT NULL, channel, user_id, NULL, NULL FROM moved
        """;

    private readonly Lock _gate = new();
    private List<Mark> _waiting = [];
    private Task _loop = Task.CompletedTask;
    private bool _running;

    /// <summary>Moves a mark forward, as <see cref="IChannelStore.MoveReadMarkAsync"/> has it.</summary>
    public async ValueTask<ReadMark?> MoveAsync(string channel, string user, long sequence, CancellationToken cancellationToken)
    {
        var mark = new Mark(channel, user, sequence);
        lock (_gate)
        {
            _waiting.Add(mark);
            // Not within the caller's context: the work is everybody's.
            if (!_running)
                using (ExecutionContext.SuppressFlow()) _loop = Task.Run(RunAsync, CancellationToken.None);
            _running = true;
        }

        var registration = cancellationToken.UnsafeRegister(_ => GiveUp(mark, cancellationToken), null);
        await using (registration.ConfigureAwait(false)) return await mark.Done.Task.ConfigureAwait(false);
    }

    /// <summary>Waits for what is under way.</summary>
    public async ValueTask DisposeAsync()
    {
        Task loop;
        lock (_gate) loop = _loop;
        await loop.ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        while (Take() is { Count: > 0 } marks) await MoveAsync(marks).ConfigureAwait(false);
    }

    private async Task MoveAsync(List<Mark> marks)
    {
        try
        {
            var results = await calls.RunAsync(session => MoveAsync(session, marks), CancellationToken.None).ConfigureAwait(false);
            for (var i = 0; i < results.Length; i++) marks[i].Done.TrySetResult(results[i]);
        }
        catch (Exception error) when (marks.Count > 1 && error is not StoreUnavailableException)
        {
            // Each alone, only the one that cannot be stored fails.
            foreach (var mark in marks) await MoveAsync([mark]).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            // Those that wait have waited as long as a call may: they do not wait for the same failure once more.
            if (error is StoreUnavailableException) marks.AddRange(TakeAll());
            foreach (var mark in marks) mark.Done.TrySetException(error);
        }
    }

    private static Task<ReadMark?[]> MoveAsync(DatabaseSession session, List<Mark> marks) => session.RunAsync(
        async rows =>
        {
            var found = new (long Channel, long Wanted, long Present)?[marks.Count];
            var moved = new HashSet<(long Channel, string User)>();
            while (await rows.ReadAsync().ConfigureAwait(false))
            {
                var channel = rows.GetInt64(1);
                if (rows.IsDBNull(0)) moved.Add((channel, rows.GetString(2)));
                else found[rows.GetInt64(0) - 1] = (channel, rows.GetInt64(3), rows.IsDBNull(4) ? 0 : rows.GetInt64(4));
            }

            return found.Select((mark, place) => mark is not { } one ? default(ReadMark?)
                : moved.Contains((one.Channel, marks[place].User)) ? new ReadMark(one.Wanted, true)
                // Where another node was quicker it has the mark at least where this one wanted it.
                : new ReadMark(Math.Max(one.Wanted, one.Present), false)).ToArray();
        },
        Sql.Command(
            Move, Sql.Parameter(marks.Select(mark => mark.Channel).ToArray()), Sql.Parameter(marks.Select(mark => mark.User).ToArray()),
            Sql.Parameter(marks.Select(mark => mark.Sequence).ToArray())));

    // A statement writes a row once: of two marks of one user in one channel the second waits for the next.
    private List<Mark> Take()
    {
        lock (_gate)
        {
            var (taken, left) = (new List<Mark>(), new List<Mark>());
            var rows = new HashSet<(string Channel, string User)>();
            foreach (var mark in _waiting) (taken.Count < MostAtOnce && rows.Add((mark.Channel, mark.User)) ? taken : left).Add(mark);
            _waiting = left;
            _running = taken.Count > 0;
            return taken;
        }
    }

    private List<Mark> TakeAll()
    {
        lock (_gate)
        {
            var all = _waiting;
            _waiting = [];
            return all;
        }
    }

    private void GiveUp(Mark mark, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_waiting.Remove(mark)) return;
        }

        mark.Done.TrySetCanceled(cancellationToken);
    }

    private sealed class Mark(string channel, string user, long sequence)
    {
        public string Channel => channel;

        public string User => user;

        public long Sequence => sequence;

        public TaskCompletionSource<ReadMark?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
