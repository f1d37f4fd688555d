using System.Net;
using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;
using RealtimeKit.Transports;

namespace RealtimeKit.Diagnostics;

/// <summary>Gives the host's sinks what an audit asks for. Safe for concurrent use.</summary>
internal sealed partial class Audit : IRequestAudit
{
    private readonly IAuditSink[] _sinks;
    private readonly TimeProvider _time;
    private readonly LogThrottle _throttle;
    private readonly ILogger _logger;

    public Audit(IEnumerable<IAuditSink> sinks, TimeProvider time, ILogger logger)
    {
        (_time, _logger, _throttle) = (time, logger, new LogThrottle(time));
        IAuditSink[] given = [.. sinks];
        _sinks = given.Length > 0 ? given : [new LogSink(logger)];
    }

    /// <summary>A moderator or owner did something; <see langword="null"/> for nothing that is kept.</summary>
    public void Acted(string channel, ChannelAction? action)
    {
        if (action is not null) Write(new ModerationEvent(action.Time, channel, action));
    }

    public void SignInRefused(string connection, IPAddress? address) => Write(new SignInRefusedEvent(_time.GetUtcNow(), connection, address));

    public void PermissionRefused(string user, string channel, ChannelOperation operation, string? target) =>
        Write(new PermissionRefusedEvent(_time.GetUtcNow(), user, channel, operation, target));

    public void Disconnected(string user, string connection, CloseCode? code, string? reason) =>
        Write(new DisconnectedEvent(_time.GetUtcNow(), user, connection, code, reason));

    private void Write(AuditEvent audited)
    {
        foreach (var sink in _sinks)
        {
            try
            {
                sink.Write(audited);
            }
            catch (Exception exception)
            {
                // The request that is audited goes on.
                if (_throttle.Add() is var failures and > 0) SinkFailed(exception, failures);
            }
        }
    }

    [LoggerMessage(70, LogLevel.Error, "An audit sink failed, {Failures} times since this was last logged. Its events are lost.")]
    private partial void SinkFailed(Exception exception, int failures);

    private sealed partial class LogSink(ILogger logger) : IAuditSink
    {
        public void Write(AuditEvent audited)
        {
            switch (audited)
            {
                case ModerationEvent one: Moderated(one.Action.By, one.Action.Change, one.Channel, one.Action.User, one.Action.Sequence); break;
                case SignInRefusedEvent one: SignInRefused(one.Connection, one.Address); break;
                case PermissionRefusedEvent one: PermissionRefused(one.User, one.Operation, one.Channel, one.Target); break;
                case DisconnectedEvent one: Disconnected(one.User, one.Connection, (int?)one.Code); break;
            }
        }

        [LoggerMessage(71, LogLevel.Information, "Moderation: {By} did {Change} in channel {Channel}; user {User}, message {Sequence}.")]
        private partial void Moderated(string by, string change, string channel, string? user, long? sequence);

        [LoggerMessage(72, LogLevel.Information, "A sign-in on connection {Connection} from {Address} was refused.")]
        private partial void SignInRefused(string connection, IPAddress? address);

        [LoggerMessage(73, LogLevel.Information, "{User} was refused {Operation} in channel {Channel}; user {Target}.")]
        private partial void PermissionRefused(string user, ChannelOperation operation, string channel, string? target);

        [LoggerMessage(74, LogLevel.Information, "Connection {Connection} of {User} has ended, with code {Code}.")]
        private partial void Disconnected(string user, string connection, int? code);
    }
}
