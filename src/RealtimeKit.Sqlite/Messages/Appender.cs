using RealtimeKit.Sqlite.Database;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>Appends one batch of changes inside the writer's transaction: reads what they are about, lets the plan decide, writes.</summary>
internal static class Appender
{
    public static AppendResult[] Append(SqliteSession session, IReadOnlyList<MessageChange> changes)
    {
        // The id of a new message is hardly ever known. The index finds it when the message is written, which saves a read of each.
        if (TryAppend(session, changes, findIds: false) is { } results) return results;
        session.UndoWork();
        return TryAppend(session, changes, findIds: true) ?? throw new InvalidOperationException("An id is known and not there.");
    }

    private static AppendResult[]? TryAppend(SqliteSession session, IReadOnlyList<MessageChange> changes, bool findIds)
    {
        var plan = new ChangeLoader(session, changes).Load(findIds);
        var results = plan.Decide();
        return new ChangeWriter(session).TryWrite(plan) ? results : null;
    }
}
