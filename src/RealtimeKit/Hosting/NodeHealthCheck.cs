using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace RealtimeKit;

/// <summary>Whether this node takes connections: not while it stops, so that a load balancer sends nobody there.</summary>
internal sealed class NodeHealthCheck(RealtimeNode node) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(node.Sessions.IsAccepting
            ? HealthCheckResult.Healthy("The node takes connections.")
            : new HealthCheckResult(context.Registration.FailureStatus, "The node is going away: connect to another."));
}
