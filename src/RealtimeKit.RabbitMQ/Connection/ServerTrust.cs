using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RealtimeKit.RabbitMQ.Connection;

/// <summary>Decides whether a server's certificate is trusted: by the given authorities, or else by the system's.</summary>
internal sealed class ServerTrust(X509Certificate2Collection authorities)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>Why the certificate was refused, where it was.</summary>
    public string? Refusal { get; private set; }

    public bool Accepts(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 server)
            Refusal = "the server showed no certificate";
        else if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            Refusal = "the server's certificate is for another name; use one of the names in it";
        else if (authorities.Count > 0)
            Refusal = ByAuthorities(server, chain);
        else if (errors != SslPolicyErrors.None)
            Refusal = Untrusted("those that the system trusts, or to RabbitMqBrokerOptions.CertificateAuthorities", chain);
        return Refusal is null;
    }

    private string? ByAuthorities(X509Certificate2 server, X509Chain? sent)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        foreach (var element in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>()) chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(server) ? null : Untrusted("RabbitMqBrokerOptions.CertificateAuthorities", chain);
    }

    private static string Untrusted(string where, X509Chain? chain) =>
        $"the server's certificate is not trusted ({string.Join("; ", chain?.ChainStatus.Select(status => status.StatusInformation.Trim()) ?? [])}); add its authority to {where}";
}
