using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>
/// Reads and writes the records of files. Who changes one locks its row; an append locks its channels before, and a change of a file locks
/// nothing else, so that nothing waits in a circle.
/// </summary>
internal static class FileRows
{
    public const string Select = """
        SELECT f.id, c.name, f.owner, f.name, f.type, f.size, f.created, f.state, f.message, f.due
        FROM files f LEFT JOIN channels c ON c.id = f.channel
        """;

    public const string Find = $"{Select} WHERE f.id = ANY($1)";

    public const string FindDue = $"{Select} WHERE f.due <= $1 AND f.id > $2 ORDER BY f.id LIMIT $3";

    public const string LockOne = $"{Select} WHERE f.id = $1 FOR UPDATE OF f";

    public const string LockNamed = $"""
        {Select} JOIN unnest($1, $2) AS p(name, id) ON p.name = c.name AND p.id = f.id ORDER BY f.id FOR UPDATE OF f
        """;

    public const string LockTaken = $"""
        {Select} JOIN unnest($1, $2) AS p(name, message) ON p.name = c.name AND p.message = f.message WHERE f.state = 1 ORDER BY f.id FOR UPDATE OF f
        """;

    // Of the same user's uploads at once one waits for the other, so that both count.
    public const string LockOwner = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";

    public const string Usage = "SELECT count(*), coalesce(sum(size), 0)::bigint FROM files WHERE owner = $1 AND created > $2";

    public const string Insert = """
        INSERT INTO files(id, channel, owner, name, type, size, created, state, due)
        SELECT $1, id, $2, $3, $4, $5, $6, $7, $8 FROM channels WHERE name = $9
        """;

    public const string Update = """
        UPDATE files f SET type = u.type, state = u.state, message = u.message, due = u.due, size = u.size
        FROM unnest($1, $2, $3, $4, $5, $6) AS u(id, type, state, message, due, size) WHERE f.id = u.id
        """;

    public const string Remove = "DELETE FROM files WHERE id = $1";

    public static async Task<AddFileOutcome> AddAsync(DatabaseSession session, StoredFile file, FileQuota? quota)
    {
        if (quota is { } most)
        {
            var (files, bytes) = await session.RunAsync(
                ReadUsageAsync, Sql.Command("BEGIN"), Sql.Command(LockOwner, Sql.Parameter(file.Owner)),
                Sql.Command(Usage, Sql.Parameter(file.Owner), Sql.Parameter(most.Since.ToUnixTimeMilliseconds()))).ConfigureAwait(false);
            if (!FileRules.Fits(quota, files, bytes, file.Size))
            {
                await session.RunAsync(Sql.Command("ROLLBACK")).ConfigureAwait(false);
                return AddFileOutcome.OverQuota;
            }
        }

        var insert = Sql.Command(
            Insert, Sql.Parameter(file.Id), Sql.Parameter(file.Owner), Sql.Parameter(file.Name), Sql.Parameter(file.Type), Sql.Parameter(file.Size),
            Sql.Parameter(file.Created.ToUnixTimeMilliseconds()), Sql.Parameter((short)file.State), Sql.Parameter(file.Due?.ToUnixTimeMilliseconds()),
            Sql.Parameter(file.Channel));
        var added = await session.RunAsync(
            static rows => Task.FromResult(rows.RecordsAffected), quota is null ? [insert] : [insert, Sql.Command("COMMIT")]).ConfigureAwait(false);
        return added == 1 ? AddFileOutcome.Added : AddFileOutcome.NoChannel;
    }

    public static Task<IReadOnlyList<StoredFile>> FindAsync(DatabaseSession session, IReadOnlyCollection<string> ids) =>
        session.RunAsync(ReadAllAsync, Sql.Command(Find, Sql.Parameter(ids.ToArray())));

    public static Task<IReadOnlyList<StoredFile>> ListDueAsync(DatabaseSession session, DateTimeOffset time, string? after, int limit) => session.RunAsync(
        ReadAllAsync, Sql.Command(FindDue, Sql.Parameter(time.ToUnixTimeMilliseconds()), Sql.Parameter(after ?? ""), Sql.Parameter((long)limit)));

    public static async Task<FileResult> ApplyAsync(DatabaseSession session, FileChange change)
    {
        var found = await session.RunAsync(ReadAllAsync, Sql.Command("BEGIN"), Sql.Command(LockOne, Sql.Parameter(change.Id))).ConfigureAwait(false);
        var result = FileRules.Decide(change, found.SingleOrDefault());
        NpgsqlBatchCommand? write = result.Outcome != FileOutcome.Changed ? null
            : result.File is { } file ? Write([file]) : Sql.Command(Remove, Sql.Parameter(change.Id));
        await session.RunAsync(write is null ? [Sql.Command("COMMIT")] : [write, Sql.Command("COMMIT")]).ConfigureAwait(false);
        return result;
    }

    /// <summary>What locks and reads the records that a batch is about; nothing where it is about none.</summary>
    public static NpgsqlBatchCommand[] Of(IReadOnlyList<MessageChange> changes)
    {
        (string Channel, string File)[] named =
            [.. changes.SelectMany(AppendPlan.FilesOf, static (change, file) => (change.Channel, file)).Distinct()];
        (string Channel, long Message)[] taken =
            [.. changes.Where(static change => change is EditChange or DeleteChange).Select(static change => (change.Channel, AppendPlan.TargetOf(change)!.Value)).Distinct()];
        var commands = new List<NpgsqlBatchCommand>();
        if (named.Length > 0)
            commands.Add(Sql.Command(LockNamed, Sql.Parameter(Array.ConvertAll(named, one => one.Channel)), Sql.Parameter(Array.ConvertAll(named, one => one.File))));
        if (taken.Length > 0)
            commands.Add(Sql.Command(LockTaken, Sql.Parameter(Array.ConvertAll(taken, one => one.Channel)), Sql.Parameter(Array.ConvertAll(taken, one => one.Message))));
        return [.. commands];
    }

    public static async Task ReadAsync(NpgsqlDataReader rows, AppendPlan plan)
    {
        while (await rows.ReadAsync().ConfigureAwait(false))
        {
            var file = Read(rows);
            plan.Find(file.Channel)?.AddFile(file);
        }
    }

    /// <summary>What a batch changes of them; null where nothing.</summary>
    public static NpgsqlBatchCommand? Write(IEnumerable<StoredFile> files)
    {
        StoredFile[] rows = [.. files];
        return rows.Length == 0 ? null : Sql.Command(
            Update, Sql.Parameter(Array.ConvertAll(rows, file => file.Id)), Sql.Parameter(Array.ConvertAll(rows, file => file.Type)),
            Sql.Parameter(Array.ConvertAll(rows, file => (short)file.State)), Sql.Parameter(Array.ConvertAll(rows, file => file.Message)),
            Sql.Parameter(Array.ConvertAll(rows, file => file.Due?.ToUnixTimeMilliseconds())), Sql.Parameter(Array.ConvertAll(rows, file => file.Size)));
    }

    private static async Task<(long Files, long Bytes)> ReadUsageAsync(NpgsqlDataReader rows)
    {
        await rows.NextResultAsync().ConfigureAwait(false);
        await rows.ReadAsync().ConfigureAwait(false);
        return (rows.GetInt64(0), rows.GetInt64(1));
    }

    private static async Task<IReadOnlyList<StoredFile>> ReadAllAsync(NpgsqlDataReader rows)
    {
        var files = new List<StoredFile>();
        while (await rows.ReadAsync().ConfigureAwait(false)) files.Add(Read(rows));
        return files;
    }

    private static StoredFile Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.IsDBNull(1) ? "" : row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetInt64(5),
        MessageRow.Time(row.GetInt64(6)))
    {
        State = (FileState)row.GetInt16(7),
        Message = row.IsDBNull(8) ? null : row.GetInt64(8),
        Due = row.IsDBNull(9) ? null : MessageRow.Time(row.GetInt64(9)),
    };
}
