using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Protocol;
using RealtimeKit.Tests.Engine;
using RealtimeKit.WebSockets;
using Xunit;

namespace RealtimeKit.Tests.Transports;

/// <summary>A reader that stops reading costs the server a cursor, slows nobody, and loses nothing.</summary>
[Collection(nameof(AloneCollection))]
public sealed class SlowReaderTests(ITestOutputHelper output)
{
    private const int Messages = 100_000;
    private static readonly string Text = new('x', 100);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stalled_reader_costs_little_slows_nobody_and_has_everything_in_order_afterwards(bool writeToSocket)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromMinutes(5));
        var cancel = deadline.Token;
        await using var host = await WebHost.StartAsync(builder => builder.UseInMemoryStore().UseAuthenticator<TokenAuthenticator>()
            .Services.Configure<WebSocketTransportOptions>(options => options.WriteToSocket = writeToSocket));
        await host.Messaging.Channels.EnsureAsync("a", cancellationToken: cancel);
        using var stalled = await SubscribeAsync(host, "stalled", cancel);
        using var lively = await SubscribeAsync(host, "lively", cancel);

        var reading = ReadAllAsync(lively, cancel);
        await PublishAsync(host, cancel);
        // It has everything while the other still has not read a byte.
        await reading;
        var whileStalled = GC.GetTotalMemory(forceFullCollection: true);
        await ReadAllAsync(stalled, cancel);
        await stalled.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancel);
        while (await host.Messaging.Users.GetConnectionCountAsync("stalled", TestContext.Current.CancellationToken) > 0) await Task.Yield();
        var afterwards = GC.GetTotalMemory(forceFullCollection: true);

        output.WriteLine($"a stalled reader held {whileStalled - afterwards:N0} bytes");
        (whileStalled - afterwards).Should().BeLessThan(6 * 1_024 * 1_024, "the messages have some 30 MB");
    }

    private static async Task PublishAsync(WebHost host, CancellationToken cancel)
    {
        for (var sent = 0; sent < Messages; sent += 500)
            await Task.WhenAll(Enumerable.Range(0, 500).Select(_ =>
                host.Messaging.Messages.SendAsync("a", new OutgoingMessage { Text = Text }, cancellationToken: cancel)));
    }

    private static async Task<ClientWebSocket> SubscribeAsync(WebHost host, string user, CancellationToken cancel)
    {
        var socket = await host.ConnectAsync(cancel);
        var expiry = 4_102_444_800;
        await socket.SendAsync(
            Encoding.UTF8.GetBytes($$"""{"type":"connect","id":1,"token":"{{user}} {{expiry}}"}""" + "\n" + """{"type":"subscribe","id":2,"channel":"a"}"""),
            WebSocketMessageType.Text, true, cancel);
        await using var frames = FramesAsync(socket, cancel).GetAsyncEnumerator(cancel);
        while (await frames.MoveNextAsync())
            if (frames.Current.GetProperty("type").GetString() == "subscribed") return socket;
        throw new InvalidOperationException("The connection ended before the subscription.");
    }

    /// <summary>Reads until the last message; each must come once and in its place.</summary>
    private static async Task ReadAllAsync(ClientWebSocket socket, CancellationToken cancel)
    {
        long sequence = 0;
        await foreach (var frame in FramesAsync(socket, cancel))
        {
            var messages = frame.GetProperty("type").GetString() switch
            {
                "event" => [frame.GetProperty("message")],
                "changes" => frame.GetProperty("messages").EnumerateArray().ToArray(),
                _ => [],
            };
            foreach (var message in messages) message.GetProperty("sequence").GetInt64().Should().Be(++sequence);
            if (sequence == Messages) return;
        }

        throw new InvalidOperationException($"The connection ended after message {sequence}.");
    }

    private static async IAsyncEnumerable<JsonElement> FramesAsync(
        ClientWebSocket socket, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var buffer = new byte[1_200_000];
        while (true)
        {
            var length = 0;
            ValueWebSocketReceiveResult received;
            do
            {
                received = await socket.ReceiveAsync(buffer.AsMemory(length), cancel);
                if (received.MessageType == WebSocketMessageType.Close) yield break;
                length += received.Count;
            }
            while (!received.EndOfMessage);
            foreach (var line in Encoding.UTF8.GetString(buffer, 0, length).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                yield return JsonDocument.Parse(line).RootElement;
        }
    }
}
