using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RealtimeKit.Tests.Engine;
using RealtimeKit.Tests.Engine.Nodes;
using RealtimeKit.WebSockets;
using Xunit;

namespace RealtimeKit.Tests.Transports;

/// <summary>Clients that break the rules of HTTP, of WebSockets and of the protocol, on each way of writing to them.</summary>
[Collection(nameof(AloneCollection))]
public sealed class HostileSocketTests(ITestOutputHelper output)
{
    private const int Connections = 1_500;
    private const int AtOnce = 8;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Hostile_clients_end_alone_and_leave_nothing_behind(bool writeToSocket)
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("REALTIMEKIT_SEED"), out var given) ? given : Random.Shared.Next();
        output.WriteLine($"seed {seed} (set REALTIMEKIT_SEED to repeat)");
        var log = new RecordingLogger();
        await using var host = await WebHost.StartAsync(builder =>
        {
            builder.UseInMemoryStore().UseAuthenticator<TokenAuthenticator>();
            builder.Services.AddLogging(logging => logging.AddProvider(log));
            builder.Services.Configure<WebSocketTransportOptions>(options => options.WriteToSocket = writeToSocket);
        });
        foreach (var channel in FrameFuzzer.Channels) await host.Messaging.Channels.EnsureAsync(channel, cancellationToken: Cancel);

        await Parallel.ForEachAsync(
            Enumerable.Range(0, Connections),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = Cancel },
            async (number, _) => await AttackAsync(host.Address.Port, new Random(seed + number)));

        await Until.TrueAsync(() => host.Messaging.Users.GetConnectionCountAsync("mallory", Cancel).GetAwaiter().GetResult() == 0, "all hostile connections have ended");
        using var socket = await host.ConnectAsync(Cancel);
        await socket.SendAsync("""{"type":"connect","id":1,"token":"ann 4102444800"}"""u8.ToArray(), WebSocketMessageType.Text, true, Cancel);
        var buffer = new byte[4_096];
        var received = await socket.ReceiveAsync(buffer.AsMemory(), Cancel);
        Encoding.UTF8.GetString(buffer, 0, received.Count).Should().Contain("\"connected\"");
        log.Entries.Where(entry => entry.Level >= LogLevel.Error).Should().BeEmpty();
    }

    private static async Task AttackAsync(int port, Random random)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port, Cancel);
        var frames = new FrameFuzzer(random);
        var attack = new List<byte>(Encoding.UTF8.GetBytes(
            $"GET /realtime HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        try
        {
            // Some send before they have the response to the upgrade.
            if (random.Next(4) > 0)
            {
                await SendAsync(socket, attack, random);
                await ReadAsync(socket);
            }

            AddFrame(attack, random, 0x81, Encoding.UTF8.GetBytes("""{"type":"connect","id":1,"token":"mallory 4102444800"}"""));
            for (var i = random.Next(1, 30); i > 0; i--) Add(attack, random, frames);
            await SendAsync(socket, attack, random);
            if (random.Next(3) > 0) await ReadAsync(socket);
            // Ended in order, by a reset, or left to the server.
            if (random.Next(2) == 0) socket.LingerState = new LingerOption(true, 0);
            else if (random.Next(2) == 0) socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The server ended it first.
        }
    }

    private static void Add(List<byte> attack, Random random, FrameFuzzer frames)
    {
        var text = Encoding.UTF8.GetBytes(random.Next(4) == 0 ? frames.NextBroken() : frames.Next());
        switch (random.Next(12))
        {
            case 0:
                // A fragment whose end may never come.
                AddFrame(attack, random, 0x01, text);
                if (random.Next(2) == 0) AddFrame(attack, random, 0x80, []);
                break;
            case 1:
                AddFrame(attack, random, 0x89, text[..Math.Min(text.Length, random.Next(200))]);
                break;
            case 2:
                AddFrame(attack, random, (byte)random.Next(256), text);
                break;
            case 3:
                AddFrame(attack, random, 0x81, text, isMasked: false);
                break;
            case 4:
                AddFrame(attack, random, 0x81, text, claimed: random.NextInt64());
                break;
            case 5 when random.Next(4) == 0:
                AddFrame(attack, random, 0x88, [3, 232]);
                break;
            case 6 when random.Next(4) == 0:
                var noise = new byte[random.Next(300)];
                random.NextBytes(noise);
                attack.AddRange(noise);
                break;
            default:
                AddFrame(attack, random, 0x81, text);
                break;
        }
    }

    private static void AddFrame(List<byte> attack, Random random, byte first, byte[] payload, bool isMasked = true, long? claimed = null)
    {
        attack.Add(first);
        Span<byte> length = stackalloc byte[9];
        length[0] = (byte)(127 | (isMasked ? 0x80 : 0));
        BinaryPrimitives.WriteInt64BigEndian(length[1..], claimed ?? payload.Length);
        // The long form is what few clients write for a short payload.
        if (claimed is not null || payload.Length > 125 || random.Next(10) == 0) attack.AddRange(length);
        else attack.Add((byte)(payload.Length | (isMasked ? 0x80 : 0)));
        Span<byte> mask = stackalloc byte[4];
        if (isMasked)
        {
            random.NextBytes(mask);
            attack.AddRange(mask);
        }

        for (var i = 0; i < payload.Length; i++) attack.Add((byte)(payload[i] ^ mask[i % 4]));
    }

    // In pieces of any size.
    private static async Task SendAsync(Socket socket, List<byte> attack, Random random)
    {
        ReadOnlyMemory<byte> bytes = attack.ToArray();
        attack.Clear();
        while (bytes.Length > 0)
        {
            var piece = random.Next(3) == 0 ? random.Next(1, bytes.Length + 1) : bytes.Length;
            bytes = bytes[await socket.SendAsync(bytes[..piece], SocketFlags.None, Cancel)..];
        }
    }

    private static async Task ReadAsync(Socket socket)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        patience.CancelAfter(Patience);
        try
        {
            await socket.ReceiveAsync(new byte[4_096].AsMemory(), SocketFlags.None, patience.Token);
        }
        catch (OperationCanceledException) when (!Cancel.IsCancellationRequested)
        {
            // Nothing comes.
        }
    }
}
