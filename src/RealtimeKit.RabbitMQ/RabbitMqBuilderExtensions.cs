using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using RealtimeKit;
using RealtimeKit.Brokers;
using RealtimeKit.RabbitMQ;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the RabbitMQ broker to real-time messaging.</summary>
public static class RabbitMqBuilderExtensions
{
    /// <summary>
    /// Carries what is committed from node to node through RabbitMQ. The host fails at start where an option is wrong; a broker
    /// that is away is no failure: the node connects when it comes, for as long as it takes.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="uri">
    /// The broker's address, such as <c>amqps://user:password@host:5671/virtual-host</c>; several, separated by commas, are the
    /// nodes of one cluster.
    /// </param>
    /// <param name="configure">Sets more options; each has a default.</param>
    public static RealtimeMessagingBuilder UseRabbitMqBroker(
        this RealtimeMessagingBuilder builder, string uri, Action<RabbitMqBrokerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(uri);
        return builder.UseRabbitMqBroker(options =>
        {
            options.Endpoints.Add(new RabbitMqEndpoint(uri));
            configure?.Invoke(options);
        });
    }

    /// <inheritdoc cref="UseRabbitMqBroker(RealtimeMessagingBuilder, string, Action{RabbitMqBrokerOptions}?)"/>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Sets the endpoints, and what else is to differ from its default.</param>
    public static RealtimeMessagingBuilder UseRabbitMqBroker(
        this RealtimeMessagingBuilder builder, Action<RabbitMqBrokerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        builder.Services.AddOptions<RabbitMqBrokerOptions>().Configure(configure).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RabbitMqBrokerOptions>, RabbitMqBrokerOptionsValidator>());
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IMessageBroker, RabbitMqBroker>();
        return builder;
    }
}
