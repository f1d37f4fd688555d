namespace RealtimeKit.PostgreSql.Messages;

/// <summary>
/// How many messages a user has posted in a channel. Each bears the number of its sender's earlier ones there, so the last one up to a
/// place tells the count up to that place, deleted messages included.
/// </summary>
internal static class Sent
{
    // Compared as a row, so that no index but that of the senders has the order that is asked for.
    public static string UpTo(string sequence, string user, string channel) => $"""
        coalesce((SELECT own + 1 FROM (
            SELECT sender, channel, own FROM messages WHERE (sender, channel, sequence) <= ({user}, {channel}, {sequence})
            ORDER BY sender DESC, channel DESC, sequence DESC LIMIT 1) last WHERE sender = {user} AND channel = {channel}), 0)
        """;
}
