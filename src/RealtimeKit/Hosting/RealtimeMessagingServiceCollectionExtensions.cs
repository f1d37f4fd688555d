using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using RealtimeKit;
using RealtimeKit.Hosting;
using RealtimeKit.Transports;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds real-time messaging to a host.</summary>
public static class RealtimeMessagingServiceCollectionExtensions
{
    /// <summary>
    /// Adds the engine and <see cref="IRealtimeMessaging"/>, whose groups can be had alone too. A store must be chosen on the returned builder, and a transport
    /// for clients to come in; the host fails at start where there is no store or an option is wrong. Health checks of store, broker and node
    /// are added under the tag <see cref="RealtimeDiagnostics.HealthTag"/>.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="configure">Sets options; each has a default.</param>
    public static RealtimeMessagingBuilder AddRealtimeMessaging(
        this IServiceCollection services, Action<RealtimeOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<RealtimeOptions>().ValidateOnStart();
        if (configure is not null) options.Configure(configure);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RealtimeOptions>, RealtimeOptionsValidator>());
        services.AddMetrics();
        // The host may call this more than once; the health checks are added once.
        if (!services.Any(service => service.ServiceType == typeof(RealtimeNode))) RealtimeHealthChecks.Add(services);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IAuthenticator, DefaultAuthenticator>();
        services.TryAddSingleton<DefaultChannelAuthorizer>();
        services.TryAddSingleton<IChannelAuthorizer>(provider => provider.GetRequiredService<DefaultChannelAuthorizer>());
        services.TryAddSingleton<RealtimeNode>();
        services.TryAddSingleton<IRealtimeMessaging, RealtimeMessaging>();
        services.TryAddSingleton(provider => provider.GetRequiredService<IRealtimeMessaging>().Channels);
        services.TryAddSingleton(provider => provider.GetRequiredService<IRealtimeMessaging>().Members);
        services.TryAddSingleton(provider => provider.GetRequiredService<IRealtimeMessaging>().Messages);
        services.TryAddSingleton(provider => provider.GetRequiredService<IRealtimeMessaging>().Moderation);
        services.TryAddSingleton(provider => provider.GetRequiredService<IRealtimeMessaging>().Users);
        services.TryAddSingleton(provider => provider.GetRequiredService<IRealtimeMessaging>().Inboxes);
        services.TryAddSingleton<IConnectionHandler>(provider => provider.GetRequiredService<RealtimeNode>().Connections);
        services.TryAddSingleton<IRequestLimiter>(provider => provider.GetRequiredService<RealtimeNode>().Limits);
        services.TryAddSingleton<IRequestAudit>(provider => provider.GetRequiredService<RealtimeNode>().Audit);
        services.AddHostedService<RealtimeHostedService>();
        return new RealtimeMessagingBuilder(services);
    }
}
