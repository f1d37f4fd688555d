using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace RealtimeKit.RabbitMQ.Settings;

/// <summary>Where a server is and how to sign in. Its text leaves the user and the password out.</summary>
internal sealed class BrokerAddress
{
    private const int PlainPort = 5672;
    private const int TlsPort = 5671;

    private BrokerAddress(Uri uri, string user, string password, string virtualHost)
    {
        IsTls = IsTlsScheme(uri);
        Host = uri.IdnHost;
        Port = uri.Port > 0 ? uri.Port : IsTls ? TlsPort : PlainPort;
        (User, Password, VirtualHost) = (user, password, virtualHost);
    }

    public bool IsTls { get; }

    public string Host { get; }

    public int Port { get; }

    public string User { get; }

    public string Password { get; }

    public string VirtualHost { get; }

    public override string ToString()
    {
        var host = Uri.CheckHostName(Host) == UriHostNameType.IPv6 ? $"[{Host}]" : Host;
        return string.Create(CultureInfo.InvariantCulture, $"{(IsTls ? "amqps" : "amqp")}://{host}:{Port}/{(VirtualHost == "/" ? "" : VirtualHost)}");
    }

    /// <summary>Reads an address; the failure says what is wrong and repeats nothing of what may be secret.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out BrokerAddress? address, [NotNullWhen(false)] out string? failure)
    {
        address = null;
        failure = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || (uri.Scheme != "amqp" && !IsTlsScheme(uri)))
            failure = "is no address such as amqps://user:password@host:5671/virtual-host (escape special characters of the user and password, as %40 for @)";
        else if (uri.Host.Length == 0)
            failure = "names no host";
        else if (uri.Query.Length > 0 || uri.Fragment.Length > 0)
            failure = $"for {uri.Host} has a query or fragment; set RabbitMqBrokerOptions instead, and escape ? and # in a password";
        else if (uri.AbsolutePath.LastIndexOf('/') > 0)
            failure = $"for {uri.Host} has a virtual host with a slash; write it as %2f";
        if (failure is not null) return false;

        var signIn = uri!.UserInfo.Split(':', 2);
        var name = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/'));
        address = new BrokerAddress(
            uri, signIn[0].Length > 0 ? Uri.UnescapeDataString(signIn[0]) : "guest",
            signIn.Length > 1 ? Uri.UnescapeDataString(signIn[1]) : "guest", name.Length > 0 ? name : "/");
        return true;
    }

    private static bool IsTlsScheme(Uri uri) => uri.Scheme == "amqps";
}
