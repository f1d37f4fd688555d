using System.Net;
using System.Text;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RealtimeKit.InMemory;
using RealtimeKit.Transports;
using Xunit;

namespace RealtimeKit.Docs.Adapter;

/// <summary>Two nodes of an application over the broker of the page.</summary>
public sealed class TwoNodesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_one_node_stores_reaches_the_readers_of_the_other()
    {
        await using var relay = new SocketRelay(new IPEndPoint(IPAddress.Loopback, 0));
        var store = new InMemoryStore();
        using var one = await StartAsync(store, relay.Address);
        using var two = await StartAsync(store, relay.Address);
        var messaging = one.Services.GetRequiredService<IRealtimeMessaging>();
        await messaging.Channels.EnsureAsync("lobby", cancellationToken: Cancel);

        await using var reader = new InProcessTransport(two.Services.GetRequiredService<IConnectionHandler>()).Connect("ann");
        await reader.SendAsync("""{"type":"connect","id":1}"""u8.ToArray(), Cancel);
        await reader.SendAsync("""{"type":"subscribe","id":2,"channel":"lobby"}"""u8.ToArray(), Cancel);
        await HearsAsync(reader, "subscribed");
        await messaging.Messages.SendAsync("lobby", "Hello", cancellationToken: Cancel);

        (await HearsAsync(reader, "\"event\"")).Should().Contain("Hello");
        await one.StopAsync(Cancel);
        await two.StopAsync(Cancel);
    }

    private static async Task<IHost> StartAsync(InMemoryStore store, EndPoint relay)
    {
        var builder = Host.CreateApplicationBuilder();
        // A repair would bring the message too: it is not to come within this test.
        builder.Services.AddRealtimeMessaging(options => (options.RepairInterval, options.DrainPeriod) = (TimeSpan.FromHours(1), TimeSpan.Zero))
            .UseInMemoryStore(store)
            .UseSocketBroker(relay);
        var host = builder.Build();
        await host.StartAsync(Cancel);
        return host;
    }

    private static async Task<string> HearsAsync(InProcessClient client, string what)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        while (await client.ReceiveAsync(deadline.Token) is { } message)
        {
            var text = Encoding.UTF8.GetString(message.Span);
            if (text.Contains(what, StringComparison.Ordinal)) return text;
        }

        throw new InvalidOperationException($"The connection ended with {client.CloseCode} before '{what}' came.");
    }
}
