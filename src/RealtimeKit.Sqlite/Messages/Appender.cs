using RealtimeKit.Sqlite.Database;
using RealtimeKit.Sqlite.Index;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>Appends one batch of changes inside the writer's transaction: reads what they are about, lets the plan decide, writes.</summary>
internal static class Appender
{
    /// <param name="session">The writer's session.</param>
    /// <param name="changes">The batch.</param>
    /// <param name="index">The parts of the index; <see langword="null"/> where messages are not indexed.</param>
    public static AppendResult[] Append(SqliteSession session, IReadOnlyList<MessageChange> changes, SearchParts? index)
    {
        // The id of a new message is hardly ever known. The index finds it when the message is written, which saves a read of each.
        if (TryAppend(session, changes, index, findIds: false) is { } results) return results;
        session.UndoWork();
        return TryAppend(session, changes, index, findIds: true) ?? throw new InvalidOperationException("An id is known and not there.");
    }

    private static AppendResult[]? TryAppend(SqliteSession session, IReadOnlyList<MessageChange> changes, SearchParts? index, bool findIds)
    {
        var plan = new ChangeLoader(session, changes).Load(findIds);
        var results = plan.Decide();
        return new ChangeWriter(session, index).TryWrite(plan) ? results : null;
    }
}
