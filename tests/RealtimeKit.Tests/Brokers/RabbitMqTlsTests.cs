using System.Security.Cryptography.X509Certificates;
using FluentAssertions;
using RealtimeKit.RabbitMQ;
using RealtimeKit.Servers;
using Xunit;

namespace RealtimeKit.Tests.Brokers;

/// <summary>amqps as a rented broker offers it: who is trusted, who is let in, and that no log tells a password.</summary>
[Collection(nameof(BrokerFaultsCollection))]
public sealed class RabbitMqTlsTests
{
    private const string Password = "pass word@1";

    [Fact]
    public async Task A_server_with_a_certificate_of_the_given_authority_is_used_and_others_are_refused()
    {
        await using var server = await RabbitMqServer.CreateTlsAsync();
        var uri = await AddUserAsync(server);
        await using var here = await BrokerNode.StartAsync(uri, options => Trust(options, server));
        await using var there = await BrokerNode.StartAsync(uri, options => Trust(options, server));
        await there.SubscribeAsync("lobby");
        here.Publish("lobby", "secretly");
        await there.Witness.WaitForTextAsync("lobby", "secretly");

        await RefusedAsync(uri, options => { }, "is not trusted", "CertificateAuthorities");
        await using var other = await RabbitMqServer.CreateTlsAsync();
        await RefusedAsync(uri, options => Trust(options, other), "is not trusted", "CertificateAuthorities");
        // Under an address that the certificate does not name.
        using var forwarder = new TcpForwarder("127.0.0.1", server.Port(), "127.0.0.2");
        await RefusedAsync(new UriBuilder(uri) { Host = "127.0.0.2", Port = forwarder.Port }.Uri, options => Trust(options, server), "another name");
        await RefusedAsync(new UriBuilder(uri) { Password = "wrong" }.Uri, options => Trust(options, server), "ACCESS_REFUSED");
        await RefusedAsync(new UriBuilder(uri) { Path = "/nowhere" }.Uri, options => Trust(options, server), "nowhere");
    }

    [Fact]
    public async Task A_server_that_asks_for_a_certificate_gets_it()
    {
        await using var server = await RabbitMqServer.CreateTlsAsync(requiresClientCertificate: true);
        var uri = await AddUserAsync(server);
        await using var here = await BrokerNode.StartAsync(uri, WithCertificate);
        await using var there = await BrokerNode.StartAsync(uri, WithCertificate);
        await there.SubscribeAsync("lobby");
        here.Publish("lobby", "known");
        await there.Witness.WaitForTextAsync("lobby", "known");
        await RefusedAsync(uri, options => Trust(options, server));

        void WithCertificate(RabbitMqBrokerOptions options)
        {
            Trust(options, server);
            options.ClientCertificates.Add(X509Certificate2.CreateFromPemFile(
                Path.Combine(server.Certificates, "client.pem"), Path.Combine(server.Certificates, "client.key")));
        }
    }

    private static void Trust(RabbitMqBrokerOptions options, RabbitMqServer server) =>
        options.CertificateAuthorities.ImportFromPemFile(Path.Combine(server.Certificates, "ca.pem"));

    private static async Task RefusedAsync(Uri uri, Action<RabbitMqBrokerOptions> configure, params string[] logged)
    {
        await using var node = await BrokerNode.StartAsync(uri, configure);
        (node.Witness.Lost, node.Witness.Regained).Should().Be((1, 0));
        var text = string.Join('\n', node.Log.Entries.Select(entry => entry.Text));
        text.Should().Contain($"{uri.Host}:{uri.Port}").And.NotContain(Password).And.NotContain(Uri.EscapeDataString(Password)).And.NotContain("wrong");
        foreach (var part in logged) text.Should().Contain(part);
    }

    // A virtual host and a password as others choose them.
    private static async Task<Uri> AddUserAsync(RabbitMqServer server)
    {
        await server.ControlAsync(0, "add_vhost", "team/chat");
        await server.ControlAsync(0, "add_user", "chat", Password);
        await server.ControlAsync(0, "set_permissions", "-p", "team/chat", "chat", "^realtimekit.*", "^realtimekit.*", "^realtimekit.*");
        return new Uri($"amqps://chat:{Uri.EscapeDataString(Password)}@127.0.0.1:{server.Port()}/team%2Fchat");
    }
}
