using System.Net;
using System.Net.WebSockets;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Protocol;
using RealtimeKit.WebSockets;
using Xunit;

namespace RealtimeKit.Tests.Transports;

/// <summary>Whose pages may connect, and how much somebody may send who has not signed in.</summary>
public sealed class UpgradeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("chat.example", "http://chat.example", true)]
    [InlineData("chat.example:80", "http://chat.example", true)]
    [InlineData("Chat.Example", "http://chat.example:80", true)]
    [InlineData("[::1]:80", "http://[::1]", true)]
    [InlineData("chat.example:8080", "http://chat.example", false)]
    [InlineData("chat.example", "http://chat.example:8080", false)]
    [InlineData("chat.example", "https://chat.example", false)]
    [InlineData("chat.example", "http://evil.example", false)]
    [InlineData("chat.example", "http://chat.example.evil.example", false)]
    [InlineData("chat.example", "http://chat.example@evil.example", false)]
    [InlineData("chat.example", "null", false)]
    [InlineData("chat.example", "", true)]
    [InlineData("chat.example", "http://allowed.example", true)]
    [InlineData("chat.example", "https://xn--schn-7qa.example", true)]
    [InlineData("chat.example", "capacitor://localhost", true)]
    [InlineData("chat.example", "capacitor://elsewhere", false)]
    public async Task Origins_are_compared_by_what_they_mean(string host, string origin, bool passes)
    {
        await using var web = await WebHost.StartAsync(builder =>
        {
            builder.UseInMemoryStore();
            builder.Services.Configure<WebSocketTransportOptions>(options =>
            {
                options.AllowedOrigins.Add("http://allowed.example:80");
                options.AllowedOrigins.Add("https://SCHÖN.example");
                options.AllowedOrigins.Add("capacitor://localhost");
            });
        });
        (await UpgradeAsync(web, host, origin)).Should().Be(passes ? 101 : 403);
    }

    [Fact]
    public async Task The_header_of_the_upgrade_signs_in_with_an_authenticator_of_the_hosts_own()
    {
        await using var web = await WebHost.StartAsync(builder => builder.UseInMemoryStore().UseAuthenticator(_ => new Names()));
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(ProtocolConstants.Subprotocol);
        socket.Options.SetRequestHeader("Authorization", "Bearer ann");
        await socket.ConnectAsync(web.Endpoint, Cancel);
        await socket.SendAsync("""{"type":"connect","id":1}"""u8.ToArray(), WebSocketMessageType.Text, true, Cancel);
        var answer = new byte[4_096];
        var received = await socket.ReceiveAsync(answer.AsMemory(), Cancel);
        System.Text.Encoding.UTF8.GetString(answer, 0, received.Count).Should().Contain("\"user\":\"ann\"");
    }

    [Theory]
    [InlineData(131_072, false)]
    [InlineData(131_073, true)]
    public async Task Who_has_not_signed_in_may_send_little(int bytes, bool closes)
    {
        await using var web = await WebHost.StartAsync(builder => builder.UseInMemoryStore());
        using var socket = await web.ConnectAsync(Cancel);
        await socket.SendAsync(new byte[bytes].Select(_ => (byte)' ').ToArray(), WebSocketMessageType.Text, true, Cancel);
        await socket.SendAsync("""{"type":"ping","id":1}"""u8.ToArray(), WebSocketMessageType.Text, true, Cancel);
        var buffer = new byte[4_096];
        var received = await socket.ReceiveAsync(buffer.AsMemory(), Cancel);
        while (closes && received.MessageType != WebSocketMessageType.Close) received = await socket.ReceiveAsync(buffer.AsMemory(), Cancel);
        socket.CloseStatus.Should().Be(closes ? (WebSocketCloseStatus)CloseCode.MessageTooBig : null);
    }

    // By hand: a client of .NET lets nobody set Host as a proxy would.
    private static async Task<int> UpgradeAsync(WebHost web, string host, string origin)
    {
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, web.Address.Port, Cancel);
        await using var stream = socket.GetStream();
        var head = $"GET /realtime HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + $"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{(origin.Length == 0 ? "" : $"Origin: {origin}\r\n")}\r\n";
        await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(head), Cancel);
        using var reader = new StreamReader(stream);
        var status = await reader.ReadLineAsync(Cancel);
        return int.Parse(status!.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    private sealed class Names : IAuthenticator
    {
        public ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken) =>
            ValueTask.FromResult(credentials.Token is { } token ? new SignIn(token) : null);
    }
}
