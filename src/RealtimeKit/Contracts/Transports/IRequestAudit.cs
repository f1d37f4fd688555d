using System.Net;

namespace RealtimeKit.Transports;

/// <summary>
/// Gives the host's <see cref="IAuditSink"/> what is refused to users who come by other ways than a connection, such as uploads. Safe for concurrent use.
/// </summary>
public interface IRequestAudit
{
    /// <summary>A sign-in was refused.</summary>
    /// <param name="connection">The request or connection.</param>
    /// <param name="address">The address that it came from; <see langword="null"/> where it is not known.</param>
    void SignInRefused(string connection, IPAddress? address);

    /// <summary>A user asked for something in a channel that the authorizer does not allow.</summary>
    /// <param name="user">The user.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="operation">What was asked for.</param>
    /// <param name="target">The other user whom it was about, if it was.</param>
    void PermissionRefused(string user, string channel, ChannelOperation operation, string? target);
}
