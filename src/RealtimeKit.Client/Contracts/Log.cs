using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>Everything that the client logs. No entry bears a token or what a message says.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Connected to {Endpoint} as {User}, connection {Connection}")]
    public static partial void Connected(ILogger logger, Uri endpoint, string user, string connection);

    [LoggerMessage(2, LogLevel.Information, "Connection ended with {Code}: {Reason}; next attempt in {Delay}")]
    public static partial void Waiting(ILogger logger, CloseCode code, string reason, TimeSpan delay);

    [LoggerMessage(3, LogLevel.Warning, "Closed with {Code}: {Reason}")]
    public static partial void Closed(ILogger logger, CloseCode code, string reason);

    [LoggerMessage(4, LogLevel.Warning, "The sign-in could not be refreshed: {Reason}")]
    public static partial void RefreshFailed(ILogger logger, string reason);

    [LoggerMessage(5, LogLevel.Error, "A handler of StateChanged threw")]
    public static partial void HandlerThrew(ILogger logger, Exception exception);

    [LoggerMessage(6, LogLevel.Debug, "The server refused messages to {Channel} for now: {Code}; again in {Delay}")]
    public static partial void SendRefused(ILogger logger, string channel, string code, TimeSpan delay);

    [LoggerMessage(7, LogLevel.Debug, "The reader of {Channel} is behind: left the live stream at version {Version}")]
    public static partial void ReaderBehind(ILogger logger, string channel, long version);

    /// <summary>The server broke the order that it promises; the client read the channel again. Worth a report.</summary>
    [LoggerMessage(8, LogLevel.Warning, "The server's stream of {Channel} does not follow version {Version}: {Fault}")]
    public static partial void StreamFault(ILogger logger, string channel, long version, string fault);

    [LoggerMessage(9, LogLevel.Information, "{Channel} began anew")]
    public static partial void Reset(ILogger logger, string channel);

    [LoggerMessage(10, LogLevel.Information, "The subscription to {Channel} ended: {Reason}")]
    public static partial void Revoked(ILogger logger, string channel, string reason);

    [LoggerMessage(11, LogLevel.Debug, "Reading {Channel} from its history to put it in order")]
    public static partial void Filling(ILogger logger, string channel);
}
