using System.Text;
using Microsoft.Extensions.Options;
using RealtimeKit.RabbitMQ.Settings;

namespace RealtimeKit.RabbitMQ;

/// <summary>Says at start what is wrong with the options, in words that tell what to do and no password.</summary>
internal sealed class RabbitMqBrokerOptionsValidator : IValidateOptions<RabbitMqBrokerOptions>
{
    private const int MaxExchangeName = 100;

    public ValidateOptionsResult Validate(string? name, RabbitMqBrokerOptions options)
    {
        var failures = new List<string>();
        Endpoints(options.Endpoints, failures);
        if (string.IsNullOrWhiteSpace(options.Exchange) || Encoding.UTF8.GetByteCount(options.Exchange) > MaxExchangeName)
            failures.Add($"RabbitMqBrokerOptions.Exchange must have from 1 to {MaxExchangeName} bytes.");
        else if (options.Exchange.StartsWith("amq.", StringComparison.Ordinal))
            failures.Add("RabbitMqBrokerOptions.Exchange begins with \"amq.\", which RabbitMQ keeps to itself.");
        Range(nameof(options.Partitions), options.Partitions, 1, 65_536);
        Range(nameof(options.PublishQueueLength), options.PublishQueueLength, 1, 1_000_000);
        Range(nameof(options.PublishQueueBytes), options.PublishQueueBytes, 1 << 20, 1 << 30);
        Range(nameof(options.MaxUnconfirmed), options.MaxUnconfirmed, 1, 10_000);
        Range(nameof(options.QueueLength), options.QueueLength, 100, 10_000_000);
        Range(nameof(options.QueueBytes), options.QueueBytes, 1 << 20, 10L << 30);
        Range(nameof(options.Prefetch), options.Prefetch, 10, ushort.MaxValue);
        Range(nameof(options.Heartbeat), options.Heartbeat, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        Range(nameof(options.Timeout), options.Timeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        Range(nameof(options.MaxReconnectDelay), options.MaxReconnectDelay, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        if (options.ClientCertificates.Any(certificate => !certificate.HasPrivateKey))
            failures.Add("A certificate of RabbitMqBrokerOptions.ClientCertificates has no private key; load it with its key, as by X509Certificate2.CreateFromPemFile.");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Range<T>(string option, T value, T from, T to) where T : IComparable<T>
        {
            if (value.CompareTo(from) < 0 || value.CompareTo(to) > 0)
                failures.Add($"RabbitMqBrokerOptions.{option} is {value}; from {from} to {to} is possible.");
        }
    }

    private static void Endpoints(IList<RabbitMqEndpoint> endpoints, List<string> failures)
    {
        if (endpoints.Count == 0) failures.Add("RabbitMqBrokerOptions.Endpoints is empty: add a RabbitMqEndpoint with the broker's address.");
        for (var endpoint = 0; endpoint < endpoints.Count; endpoint++)
        {
            if (endpoints[endpoint].Uris.Count == 0) failures.Add($"Endpoint {endpoint + 1} of RabbitMqBrokerOptions.Endpoints has no address.");
            for (var uri = 0; uri < endpoints[endpoint].Uris.Count; uri++)
            {
                if (!BrokerAddress.TryParse(endpoints[endpoint].Uris[uri], out _, out var failure))
                    failures.Add($"Address {uri + 1} of endpoint {endpoint + 1} of RabbitMqBrokerOptions.Endpoints {failure}.");
            }
        }
    }
}
