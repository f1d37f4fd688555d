using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace RealtimeKit.Hosting;

/// <summary>Whether this node takes connections and all its loops run: not while it stops, so that a load balancer sends nobody there.</summary>
internal sealed class NodeHealthCheck(RealtimeNode node) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(FindFault() is { } fault
            ? new HealthCheckResult(context.Registration.FailureStatus, fault)
            : HealthCheckResult.Healthy("The node takes connections."));

    private string? FindFault() =>
        !node.Sessions.IsAccepting ? "The node is going away: connect to another."
        : node.Loops.Ended is { Count: > 0 } ended ? $"Loops of the node have ended by a fault and begin anew: {string.Join(", ", ended)}. The log has the cause."
        : null;
}
