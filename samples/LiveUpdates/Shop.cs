using System.Globalization;
using RealtimeKit.Protocol;

namespace RealtimeKit.Samples;

/// <summary>
/// A shop whose every change is a message: what was ordered and how far it is, and how much of each item is left. The
/// channels are all that it keeps: started again, it reads from them where it stood.
/// </summary>
internal sealed class Shop(IRealtimeMessaging messaging, IConfiguration configuration, TimeProvider time) : BackgroundService
{
    private const string Orders = "orders";
    private const string Stock = "stock";
    private const int Full = 100;
    private const int Low = 15;

    private static readonly string[] Items =
        ["Walnut desk", "Reading lamp", "Desk chair", "Bookshelf", "Notebook", "Fountain pen", "Paper tray", "Wall clock"];

    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<string, int> _stock = Items.ToDictionary(item => item, _ => Full, StringComparer.Ordinal);
    private readonly Queue<Order> _open = new();
    private long _last;

    public static async Task OpenAsync(IRealtimeMessaging messaging)
    {
        await messaging.Channels.EnsureAsync(Orders);
        await messaging.Channels.EnsureAsync(Stock);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await RememberAsync(stoppingToken);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1 / configuration.GetValue<double>("ChangesPerSecond")), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (_open.Count > 8) await MoveAsync(_open.Dequeue(), stoppingToken);
            else await SellAsync(stoppingToken);
        }
    }

    private async Task RememberAsync(CancellationToken stop)
    {
        var stock = await messaging.Messages.ReadHistoryAsync(Stock, limit: ProtocolConstants.MaxPageSize, cancellationToken: stop);
        foreach (var message in stock.Messages)
        {
            var change = message.Content.Data!.ToElement();
            _stock[change.GetProperty("item").GetString()!] = change.GetProperty("left").GetInt32();
        }

        if (stock.Messages.Count == 0)
            foreach (var item in Items) await TellStockAsync(item, Full, stop);
        var orders = await messaging.Messages.ReadHistoryAsync(Orders, limit: ProtocolConstants.MaxPageSize, cancellationToken: stop);
        _last = orders.Messages.Select(message => message.Content.Data!.ToElement().GetProperty("order").GetInt64()).DefaultIfEmpty(1_000).Max();
    }

    private async Task SellAsync(CancellationToken stop)
    {
        var item = Items[Random.Shared.Next(Items.Length)];
        var quantity = Random.Shared.Next(1, 4);
        var order = new Order(++_last, item, quantity, "placed");
        await TellAsync(order, stop);
        _open.Enqueue(order);
        // A message of its own for each change: whoever was away sees both.
        await TellStockAsync(item, _stock[item] - quantity, stop);
        if (_stock[item] < Low) await TellStockAsync(item, Full, stop);
    }

    private async Task MoveAsync(Order order, CancellationToken stop)
    {
        var moved = order with { Status = order.Status == "placed" ? "packed" : "shipped" };
        await TellAsync(moved, stop);
        if (moved.Status == "packed") _open.Enqueue(moved);
    }

    private Task TellAsync(Order order, CancellationToken stop) => SendAsync(Orders, string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"order":{{order.Number}},"item":"{{order.Item}}","quantity":{{order.Quantity}},"status":"{{order.Status}}"}"""), stop);

    private Task TellStockAsync(string item, int left, CancellationToken stop)
    {
        _stock[item] = left;
        return SendAsync(Stock, string.Create(CultureInfo.InvariantCulture, $$"""{"item":"{{item}}","left":{{left}}}"""), stop);
    }

    private async Task SendAsync(string channel, string data, CancellationToken stop)
    {
        var message = new OutgoingMessage { Data = JsonValue.Parse(data) };
        while (true)
        {
            try
            {
                await messaging.Messages.SendAsync(channel, message, cancellationToken: stop);
                return;
            }
            catch (StoreUnavailableException)
            {
                // Perhaps it was stored all the same: under its id it is stored once.
                await Task.Delay(Again, time, stop);
            }
        }
    }

    private sealed record Order(long Number, string Item, int Quantity, string Status);
}
