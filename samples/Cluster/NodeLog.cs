namespace RealtimeKit.Samples;

internal static partial class NodeLog
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "The database cannot be used yet, trying again in a second: {Reason}")]
    public static partial void DatabaseIsAway(this ILogger logger, string reason);
}
