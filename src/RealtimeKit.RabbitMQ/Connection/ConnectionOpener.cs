using System.Net.Security;
using System.Security.Authentication;
using RabbitMQ.Client;
using RealtimeKit.RabbitMQ.Settings;

namespace RealtimeKit.RabbitMQ.Connection;

/// <summary>Opens connections of the library, as the options say.</summary>
internal sealed class ConnectionOpener(RabbitMqBrokerOptions options, TimeProvider time)
{
    /// <summary>Connects and signs in, within the options' timeout.</summary>
    /// <exception cref="AuthenticationException">The server's certificate was refused.</exception>
    public async Task<OpenConnection> OpenAsync(BrokerAddress address, CancellationToken cancellationToken)
    {
        var sockets = new Sockets();
        var trust = new ServerTrust(options.CertificateAuthorities);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var connecting = Factory(address, sockets, trust).CreateConnectionAsync($"RealtimeKit {Environment.MachineName}", limited.Token);
            return new OpenConnection(await connecting.WaitAsync(options.Timeout, time, cancellationToken).ConfigureAwait(false), sockets);
        }
        catch (Exception exception)
        {
            await limited.CancelAsync().ConfigureAwait(false);
            sockets.Dispose();
            if (trust.Refusal is { } refusal) throw new AuthenticationException(refusal, exception);
            throw;
        }
    }

    // The library's own recovery is off: it would bring a queue back before its bindings, cannot tell this node when it is
    // whole again, buffers nothing meanwhile, and does not redo a queue that was deleted under a living connection.
    private ConnectionFactory Factory(BrokerAddress address, Sockets sockets, ServerTrust trust) => new()
    {
        HostName = address.Host,
        Port = address.Port,
        UserName = address.User,
        Password = address.Password,
        VirtualHost = address.VirtualHost,
        Ssl = address.IsTls ? Tls(address, trust) : new SslOption(),
        AutomaticRecoveryEnabled = false,
        TopologyRecoveryEnabled = false,
        RequestedHeartbeat = options.Heartbeat,
        RequestedConnectionTimeout = options.Timeout,
        HandshakeContinuationTimeout = options.Timeout,
        ContinuationTimeout = options.Timeout,
        SocketFactory = family => sockets.Keep(ConnectionFactoryBase.DefaultSocketFactory(family)),
    };

    private SslOption Tls(BrokerAddress address, ServerTrust trust) => new()
    {
        Enabled = true,
        ServerName = address.Host,
        Version = SslProtocols.None,
        AcceptablePolicyErrors = SslPolicyErrors.None,
        Certs = options.ClientCertificates,
        CertificateValidationCallback = (_, certificate, chain, errors) => trust.Accepts(certificate, chain, errors),
    };
}
