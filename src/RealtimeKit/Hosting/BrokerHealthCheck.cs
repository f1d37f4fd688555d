using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace RealtimeKit.Hosting;

/// <summary>
/// Whether the broker is connected. Without it messages between nodes come by repair, later but all of them: the node is
/// slower, not unfit.
/// </summary>
internal sealed class BrokerHealthCheck(RealtimeNode node) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(node.Broker is null ? HealthCheckResult.Healthy("There is no broker: this node stands alone.")
            : node.Receiver is not { LostConnections: > 0 } ? HealthCheckResult.Healthy("The broker is connected.")
            : new HealthCheckResult(
                context.Registration.FailureStatus, "A connection to the broker is lost: what other nodes write arrives by repair, within the repair interval."));
}
