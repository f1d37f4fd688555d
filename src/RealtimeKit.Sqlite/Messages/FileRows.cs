using RealtimeKit.Sqlite.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>Reads and writes the records of files.</summary>
internal static class FileRows
{
    private const string Select = """
        SELECT f.id, c.name, f.owner, f.name, f.type, f.size, f.created, f.state, f.message, f.due
        FROM files f LEFT JOIN channels c ON c.id = f.channel
        """;

    private const string Insert =
        "INSERT INTO files(id, channel, owner, name, type, size, created, state, due) SELECT ?, id, ?, ?, ?, ?, ?, ?, ? FROM channels WHERE name = ?";

    private const string SelectUsage = "SELECT count(*), coalesce(sum(size), 0) FROM files WHERE owner = ? AND created > ?";
    private const string Update = "UPDATE files SET type = ?, size = ?, state = ?, message = ?, due = ? WHERE id = ?";

    /// <summary>Makes so many files of a deleted channel due.</summary>
    public const string MakeDue =
        "UPDATE files SET due = 0 WHERE id IN (SELECT id FROM files WHERE channel = ? AND state < 2 AND (due IS NULL OR due > 0) LIMIT ?)";

    public static AddFileOutcome Add(SqliteSession session, StoredFile file, FileQuota? quota)
    {
        if (quota is { } most && !FitsInto(session, file, most)) return AddFileOutcome.OverQuota;
        return session.Use(Insert)
            .Bind(file.Id).Bind(file.Owner).Bind(file.Name).Bind(file.Type).Bind(file.Size).Bind(file.Created.ToUnixTimeMilliseconds())
            .Bind((long)file.State).Bind(file.Due?.ToUnixTimeMilliseconds()).Bind(file.Channel).Execute() == 1 ? AddFileOutcome.Added : AddFileOutcome.NoChannel;
    }

    public static StoredFile? Find(SqliteSession session, string id)
    {
        using var row = session.Use($"{Select} WHERE f.id = ?").Bind(id);
        return row.Step() ? Read(row) : null;
    }

    public static IReadOnlyList<StoredFile> Find(SqliteSession session, IReadOnlyCollection<string> ids) =>
        [.. ids.Distinct().Select(id => Find(session, id)).OfType<StoredFile>()];

    public static IReadOnlyList<StoredFile> ListDue(SqliteSession session, DateTimeOffset time, string? after, int limit) =>
        ReadAll(session.Use($"{Select} WHERE f.due <= ? AND f.id > ? ORDER BY f.id LIMIT ?").Bind(time.ToUnixTimeMilliseconds()).Bind(after ?? "").Bind(limit));

    public static FileResult Apply(SqliteSession session, FileChange change)
    {
        var result = FileRules.Decide(change, Find(session, change.Id));
        if (result.Outcome != FileOutcome.Changed) return result;
        if (result.File is { } file) Write(session, file);
        else session.Use("DELETE FROM files WHERE id = ?").Bind(change.Id).Execute();
        return result;
    }

    /// <summary>Adds the records that a change is about to the plan.</summary>
    public static void Load(SqliteSession session, ChannelPlan channel, MessageChange change)
    {
        foreach (var id in AppendPlan.FilesOf(change))
        {
            if (Find(session, id) is { } file && file.Channel == channel.Name) channel.AddFile(file);
        }

        if (change is not (EditChange or DeleteChange)) return;
        foreach (var file in ReadAll(session.Use($"{Select} WHERE f.channel = ? AND f.message = ? AND f.state = 1").Bind(channel.Id).Bind(AppendPlan.TargetOf(change))))
            channel.AddFile(file);
    }

    public static void Write(SqliteSession session, StoredFile file) => session.Use(Update)
        .Bind(file.Type).Bind(file.Size).Bind((long)file.State).Bind(file.Message).Bind(file.Due?.ToUnixTimeMilliseconds()).Bind(file.Id).Execute();

    private static bool FitsInto(SqliteSession session, StoredFile file, FileQuota quota)
    {
        using var usage = session.Use(SelectUsage).Bind(file.Owner).Bind(quota.Since.ToUnixTimeMilliseconds());
        usage.Step();
        return FileRules.Fits(quota, usage.Int64(0), usage.Int64(1), file.Size);
    }

    private static List<StoredFile> ReadAll(Statement statement)
    {
        using var rows = statement;
        var files = new List<StoredFile>();
        while (rows.Step()) files.Add(Read(rows));
        return files;
    }

    private static StoredFile Read(Statement row) => new(
        row.Text(0), row.NullableText(1) ?? "", row.Text(2), row.Text(3), row.Text(4), row.Int64(5), MessageRow.Time(row.Int64(6)))
    {
        State = (FileState)row.Int64(7),
        Message = row.NullableInt64(8),
        Due = row.NullableInt64(9) is { } due ? MessageRow.Time(due) : null,
    };
}
