using Microsoft.Extensions.Logging;

namespace RealtimeKit.Sessions;

/// <summary>What sessions log: never a token or a message's text.</summary>
internal sealed partial class SessionLog(ILogger logger)
{
    [LoggerMessage(20, LogLevel.Debug, "Connection {Connection} was lost.")]
    public partial void ConnectionLost(Exception exception, string connection);

    [LoggerMessage(21, LogLevel.Error, "A request of type {Type} failed on connection {Connection}.")]
    public partial void RequestFailed(Exception exception, string type, string connection);

    [LoggerMessage(26, LogLevel.Error, "Connection {Connection} was closed because the server failed on it.")]
    public partial void SessionFailed(Exception exception, string connection);

    [LoggerMessage(22, LogLevel.Error, "The transport failed to end connection {Connection}.")]
    public partial void AbortFailed(Exception exception, string connection);

    [LoggerMessage(25, LogLevel.Error, "Housekeeping for connection {Connection} failed.")]
    public partial void HousekeepingFailed(Exception exception, string connection);

    [LoggerMessage(23, LogLevel.Warning, "A sign-in was refused: '{User}' cannot name a user here. Use 1 to 128 printable ASCII characters, neither the first nor the last a space, and not the system's own name.")]
    public partial void BadUser(string user);

    [LoggerMessage(24, LogLevel.Error, "A sign-in failed.")]
    public partial void SignInFailed(Exception exception);
}
