namespace OrderDesk;

/// <summary>Plays the carrier: what was shipped is delivered after a while.</summary>
internal sealed class DeliveryTracker(OrderBook orders, IConfiguration configuration, TimeProvider time) : BackgroundService
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
                await orders.MoveAsync(order, OrderStatus.Delivered);
            }
        }
    }
}
