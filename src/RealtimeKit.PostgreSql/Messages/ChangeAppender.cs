using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>
/// Appends any batch, in two round trips: lock the channels and read what the changes are about; write what the plan has decided and
/// commit.
/// </summary>
internal static class ChangeAppender
{
    public static async Task<AppendResult[]> AppendAsync(DatabaseSession session, IReadOnlyList<MessageChange> changes, bool isIndexed)
    {
        var plan = new AppendPlan(changes);
        await ChangeLoader.LoadAsync(session, plan, changes).ConfigureAwait(false);
        var results = plan.Decide();
        await session.RunAsync([.. ChangeWriter.Write(plan, isIndexed), Sql.Command("COMMIT")]).ConfigureAwait(false);
        return results;
    }
}
