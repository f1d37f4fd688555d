using RealtimeKit;

namespace OrderDesk;

/// <summary>Plays the carrier: what was shipped is delivered after a while.</summary>
internal sealed class DeliveryTracker(OrderBook orders, OrderChat chat, IConfiguration configuration, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly TimeSpan _age = TimeSpan.FromSeconds(configuration.GetValue<double>("DeliverySeconds"));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (var order in await orders.ShippedSinceAsync(_age))
            {
                try
                {
                    // First: what fails after it is told twice rather than not at all.
                    await chat.TellStepAsync(order.Id, OrderStatus.Delivered);
                }
                catch (StoreUnavailableException)
                {
                    // The order waits for the next round.
                    continue;
                }

                await orders.MoveAsync(order, OrderStatus.Delivered);
            }
        }
    }
}
