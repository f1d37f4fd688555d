using Microsoft.Extensions.Logging;

namespace RealtimeKit.RabbitMQ.Connection;

/// <summary>What the broker tells of its connections. Never a user, a password or a payload.</summary>
internal static partial class BrokerLog
{
    [LoggerMessage(101, LogLevel.Information, "Connected to the broker at {Address}.")]
    public static partial void Connected(ILogger log, string address);

    [LoggerMessage(102, LogLevel.Warning, "The connection to the broker at {Address} was lost: {Reason}. Connecting again; until then this node and the others hear of changes from the store.")]
    public static partial void Lost(ILogger log, string address, string reason);

    [LoggerMessage(103, LogLevel.Warning, "No connection to the broker at {Address}: {Reason}. Trying again, for as long as it takes.")]
    public static partial void Unreachable(ILogger log, string address, string reason);


    [LoggerMessage(105, LogLevel.Warning, "The broker at {Address} takes nothing for now: {Reason}. What is published meanwhile is made good from the store.")]
    public static partial void Blocked(ILogger log, string address, string reason);

    [LoggerMessage(106, LogLevel.Information, "The broker at {Address} takes publications again.")]
    public static partial void Unblocked(ILogger log, string address);

    [LoggerMessage(108, LogLevel.Error, "The node failed on what the broker told it.")]
    public static partial void ReceiverFailed(ILogger log, Exception exception);

    [LoggerMessage(109, LogLevel.Debug, "A connection to the broker did not close in good order.")]
    public static partial void CloseFailed(ILogger log, Exception exception);

    [LoggerMessage(110, LogLevel.Error, "The connection to the broker at {Address} ended by a fault; connecting again.")]
    public static partial void Failed(ILogger log, string address, Exception exception);
}
