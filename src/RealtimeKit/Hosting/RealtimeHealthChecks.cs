using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace RealtimeKit.Hosting;

/// <summary>Adds the engine's health checks to the host's.</summary>
internal static class RealtimeHealthChecks
{
    private static readonly string[] Tags = [RealtimeDiagnostics.HealthTag];
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public static void Add(IServiceCollection services)
    {
        var checks = services.AddHealthChecks();
        checks.Add(new("realtimekit-store", provider => new StoreHealthCheck(provider.GetRequiredService<RealtimeNode>()), HealthStatus.Unhealthy, Tags, Timeout));
        checks.Add(new("realtimekit-broker", provider => new BrokerHealthCheck(provider.GetRequiredService<RealtimeNode>()), HealthStatus.Degraded, Tags, Timeout));
        checks.Add(new("realtimekit-node", provider => new NodeHealthCheck(provider.GetRequiredService<RealtimeNode>()), HealthStatus.Unhealthy, Tags, Timeout));
    }
}
