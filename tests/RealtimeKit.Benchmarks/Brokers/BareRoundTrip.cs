using System.Diagnostics;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace RealtimeKit.Benchmarks.Brokers;

/// <summary>What RabbitMQ.Client itself takes from a publisher with confirms, over a direct exchange, to a consumer on another connection.</summary>
internal static class BareRoundTrip
{
    private const int Unconfirmed = 256;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The times from the call that publishes to the call of the consumer after the warm-up, in milliseconds, ascending.</summary>
    public static async Task<double[]> RunAsync(Uri uri, int rate, int bytes, TimeSpan warmUp, TimeSpan time)
    {
        var (skipped, total) = ((int)(rate * warmUp.TotalSeconds), (int)(rate * (warmUp + time).TotalSeconds));
        var (sent, times, arrived) = (new long[total], new double[total], 0);
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var factory = new ConnectionFactory { Uri = uri, AutomaticRecoveryEnabled = false };
        await using var publishing = await factory.CreateConnectionAsync();
        await using var consuming = await factory.CreateConnectionAsync();
        using var limiter = new ThrottlingRateLimiter(Unconfirmed);
        await using var publisher = await publishing.CreateChannelAsync(new CreateChannelOptions(true, true, limiter));
        await using var consumer = await consuming.CreateChannelAsync();
        var (exchange, key) = (new CachedString("realtimekit-bare"), new CachedString("0"));
        await consumer.ExchangeDeclareAsync(exchange.Value, ExchangeType.Direct, autoDelete: true);
        var queue = await consumer.QueueDeclareAsync();
        await consumer.QueueBindAsync(queue.QueueName, exchange.Value, key.Value);
        var receiver = new AsyncEventingBasicConsumer(consumer);
        receiver.ReceivedAsync += (_, message) =>
        {
            var number = BitConverter.ToInt32(message.Body.Span);
            times[number] = Stopwatch.GetElapsedTime(sent[number]).TotalMilliseconds;
            if (++arrived == total)
                all.TrySetResult();
            return Task.CompletedTask;
        };
        await consumer.BasicConsumeAsync(queue.QueueName, autoAck: true, receiver);

        var confirmations = new List<Task>(total);
        await Pace.RunAsync(rate, warmUp + time, number =>
        {
            var body = new byte[bytes];
            BitConverter.TryWriteBytes(body, number);
            sent[number] = Stopwatch.GetTimestamp();
            confirmations.Add(publisher.BasicPublishAsync(exchange, key, false, new BasicProperties(), body).AsTask());
            return ValueTask.CompletedTask;
        });
        await Task.WhenAll(confirmations).WaitAsync(Patience);
        await all.Task.WaitAsync(Patience);
        return [.. times[skipped..].Order()];
    }
}
