#pragma warning disable xUnit1051 // Every wait here has its own deadline.
using System.Net;
using System.Net.Sockets;
using FluentAssertions;
using RealtimeKit.Chaos.Network;
using RealtimeKit.Checking.Network;
using Xunit;

namespace RealtimeKit.Chaos.Tests;

/// <summary>The network between two sides: what it holds back is late or ends with its connection, and never leaves a gap.</summary>
public sealed class ProxyTests : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private readonly Link _link = new("link");
    private Proxy _proxy = null!;

    public ValueTask InitializeAsync()
    {
        _server.Start();
        _proxy = Proxy.To(((IPEndPoint)_server.LocalEndpoint).Port, _link);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _link.Set(LinkMode.Pass, reset: true);
        await _proxy.DisposeAsync();
        _server.Dispose();
    }

    [Fact]
    public async Task Bytes_pass_both_ways()
    {
        var (client, server) = await PairAsync();
        await SayAsync(client, 1);
        (await HearAsync(server)).Should().Be(1);
        await SayAsync(server, 2);
        (await HearAsync(client)).Should().Be(2);
    }

    [Fact]
    public async Task An_end_passes()
    {
        var (client, server) = await PairAsync();
        client.Shutdown(SocketShutdown.Send);
        (await HearAsync(server)).Should().BeNull();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Held_bytes_come_late_and_whole_while_the_other_direction_passes(bool up)
    {
        var (client, server) = await PairAsync();
        var (held, free) = up ? (client, server) : (server, client);
        _link.Set(up ? LinkMode.HoldUp : LinkMode.HoldDown);
        await SayAsync(held, 1);
        await SayAsync(held, 2);
        var heard = HearAsync(free);
        // When this has passed, the held byte would long have come.
        await SayAsync(free, 9);
        (await HearAsync(held)).Should().Be(9);
        heard.IsCompleted.Should().BeFalse();
        _link.Set(LinkMode.Pass);
        (await heard).Should().Be(1);
        (await HearAsync(free)).Should().Be(2);
    }

    [Fact]
    public async Task Held_bytes_are_lost_with_their_connection_only()
    {
        var (client, server) = await PairAsync();
        _link.Set(LinkMode.Hold);
        await SayAsync(client, 1);
        _link.Set(LinkMode.Pass, reset: true);
        await ExpectResetAsync(server);
        await ExpectResetAsync(client);
        await Bytes_pass_both_ways();
    }

    [Fact]
    public async Task A_cut_resets_what_there_is_and_lets_nothing_new_in()
    {
        var (client, server) = await PairAsync();
        _link.Set(LinkMode.Cut);
        await ExpectResetAsync(server);
        await ExpectResetAsync(client);
        // That end may come before the connection is used, or even noticed.
        var connect = async () => await HearAsync(await ConnectAsync());
        (await connect.Should().ThrowAsync<SocketException>()).Which.SocketErrorCode.Should().Be(SocketError.ConnectionReset);
        _link.Set(LinkMode.Pass);
        await Bytes_pass_both_ways();
    }

    [Fact]
    public async Task A_connection_begun_during_a_hold_comes_about_when_it_ends()
    {
        _link.Set(LinkMode.Hold);
        var client = await ConnectAsync();
        await SayAsync(client, 1);
        var accepting = _server.AcceptSocketAsync();
        accepting.IsCompleted.Should().BeFalse();
        _link.Set(LinkMode.Pass);
        (await HearAsync(await accepting.WaitAsync(Deadline))).Should().Be(1);
    }

    [Fact]
    public async Task Where_one_server_takes_no_connection_the_next_gets_it()
    {
        var dead = new TcpListener(IPAddress.Loopback, 0);
        dead.Start();
        var port = ((IPEndPoint)dead.LocalEndpoint).Port;
        dead.Stop();
        await using var balancer = new Proxy(() => [new Destination(port, [_link]), new Destination(((IPEndPoint)_server.LocalEndpoint).Port, [_link])]);
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, balancer.Port);
        await SayAsync(client, 1);
        (await HearAsync(await _server.AcceptSocketAsync().WaitAsync(Deadline))).Should().Be(1);
    }

    private async Task<(Socket Client, Socket Server)> PairAsync()
    {
        var client = await ConnectAsync();
        return (client, await _server.AcceptSocketAsync().WaitAsync(Deadline));
    }

    private async Task<Socket> ConnectAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, _proxy.Port);
        return client;
    }

    private static async Task SayAsync(Socket socket, byte value) => await socket.SendAsync(new[] { value });

    private static async Task<byte?> HearAsync(Socket socket)
    {
        var buffer = new byte[1];
        return await socket.ReceiveAsync(buffer).WaitAsync(Deadline) == 0 ? null : buffer[0];
    }

    private static async Task ExpectResetAsync(Socket socket)
    {
        var hear = async () => await HearAsync(socket);
        (await hear.Should().ThrowAsync<SocketException>()).Which.SocketErrorCode.Should().Be(SocketError.ConnectionReset);
    }
}
