using Npgsql;

namespace RealtimeKit.PostgreSql.Database;

/// <summary>Distinguishes passing failures, after which the sender tries again, from those that somebody must fix.</summary>
internal static class Failures
{
    // By class (the first two characters) or whole: https://www.postgresql.org/docs/current/errcodes-appendix.html
    private static readonly HashSet<string> Passing = new(StringComparer.Ordinal)
    {
        "08", // the connection was lost or could not be made
        "40", // a serialization failure or a deadlock
        "53", // no disk, memory or connection left
        "57", // stopped, starting up, or over its time
        "58", // an error of the server's system, such as of its disk
        "25006", // read only: a standby, or a primary that is about to be replaced
        "25P03", // a transaction was idle for too long
        "55P03", // a lock was not to be had in time
    };

    public static bool IsUnavailable(Exception error) => error switch
    {
        PostgresException { SqlState: { Length: 5 } state } => Passing.Contains(state) || Passing.Contains(state[..2]),
        NpgsqlException or TimeoutException or IOException => true,
        _ => false,
    };

    /// <summary>Whether the failure ends more than one connection, so that the idle ones are not worth trying.</summary>
    public static bool IsOfTheServer(Exception error) =>
        error is not PostgresException { SqlState: { } state } || state.StartsWith("57P", StringComparison.Ordinal) || state == "25006";
}
