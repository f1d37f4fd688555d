using Microsoft.Extensions.Logging;

namespace RealtimeKit.RabbitMQ.Diagnostics;

/// <summary>What the broker tells of its connections. Never a user, a password or a payload.</summary>
internal static partial class BrokerLog
{
    [LoggerMessage(101, LogLevel.Information, "Connected to the broker at {Address}.")]
    public static partial void Connected(ILogger log, string address);

    [LoggerMessage(102, LogLevel.Warning, "The connection to the broker at {Address} was lost: {Reason}. Connecting again; until then this node and the others read changes from the store.")]
    public static partial void Lost(ILogger log, string address, string reason);

    [LoggerMessage(103, LogLevel.Warning, "No connection to the broker at {Address}: {Reason}. Trying again until it succeeds.")]
    public static partial void Unreachable(ILogger log, string address, string reason);


    [LoggerMessage(105, LogLevel.Warning, "The broker at {Address} accepts no publications for now: {Reason}. Other nodes read the changes from the store meanwhile.")]
    public static partial void Blocked(ILogger log, string address, string reason);

    [LoggerMessage(106, LogLevel.Information, "The broker at {Address} accepts publications again.")]
    public static partial void Unblocked(ILogger log, string address);

    [LoggerMessage(108, LogLevel.Error, "The node failed on a notice from the broker.")]
    public static partial void ReceiverFailed(ILogger log, Exception exception);

    [LoggerMessage(109, LogLevel.Debug, "A connection to the broker did not close cleanly.")]
    public static partial void CloseFailed(ILogger log, Exception exception);

    [LoggerMessage(110, LogLevel.Error, "The connection to the broker at {Address} ended by a fault; connecting again.")]
    public static partial void Failed(ILogger log, string address, Exception exception);
}
