using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace RealtimeKit.Hosting;

/// <summary>Whether the store answers: without it nothing can be acknowledged.</summary>
internal sealed class StoreHealthCheck(RealtimeNode node) : IHealthCheck
{
    // Any name will do: the store looks it up and finds nothing.
    private static readonly string[] Probe = ["realtimekit:health"];

    // Far longer than a store's own time-outs.
    private static readonly TimeSpan LongestCommit = TimeSpan.FromSeconds(30);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (node.Committer.Elapsed is var elapsed && elapsed > LongestCommit)
            return new HealthCheckResult(
                context.Registration.FailureStatus, $"The store has not answered an append for {(int)elapsed.TotalSeconds} seconds; all others wait for it.");
        try
        {
            await node.Store.ReadHeadsAsync(Probe, cancellationToken).ConfigureAwait(false);
            return HealthCheckResult.Healthy("The store answers.");
        }
        catch (StoreUnavailableException exception)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, "The store is unavailable: messages are refused until it is back.", exception);
        }
    }
}
