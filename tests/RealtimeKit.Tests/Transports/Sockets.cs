using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using RealtimeKit.Protocol;

namespace RealtimeKit.Tests.Transports;

/// <summary>The ways in which a web server can carry a WebSocket, and a client's socket for each.</summary>
internal static class Sockets
{
    private static readonly X509Certificate2 Certificate = MakeCertificate();

    public static async Task<WebSocket> OpenAsync(WebHost host, CancellationToken cancellationToken) => await host.ConnectAsync(cancellationToken);

    public static void UseTls(IWebHostBuilder server) => server.UseUrls("https://127.0.0.1:0").UseKestrelHttpsConfiguration().ConfigureKestrel(options =>
        options.ConfigureHttpsDefaults(https => https.ServerCertificate = Certificate));

    public static async Task<WebSocket> OpenTlsAsync(WebHost host, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(ProtocolConstants.Subprotocol);
        socket.Options.RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == Certificate.GetCertHashString();
        await socket.ConnectAsync(host.Endpoint, cancellationToken);
        return socket;
    }

    public static void UseHttp2(IWebHostBuilder server) => server.ConfigureKestrel(options =>
        options.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2));

    public static async Task<WebSocket> OpenHttp2Async(WebHost host, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(ProtocolConstants.Subprotocol);
        socket.Options.HttpVersion = HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        await socket.ConnectAsync(host.Endpoint, new HttpMessageInvoker(new SocketsHttpHandler()), cancellationToken);
        return socket;
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        // A key in a file's form is what every system's TLS takes.
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}
