using Microsoft.Extensions.Options;
using RealtimeKit.Protocol;

namespace RealtimeKit.Hosting;

/// <summary>Says at start what is wrong with the options, all of it at once.</summary>
internal sealed class RealtimeOptionsValidator : IValidateOptions<RealtimeOptions>
{
    public ValidateOptionsResult Validate(string? name, RealtimeOptions options)
    {
        var wrong = new List<string>();
        void Require(bool holds, string rule)
        {
            if (!holds) wrong.Add($"{nameof(RealtimeOptions)}.{rule}.");
        }

        Require(!string.IsNullOrWhiteSpace(options.NodeName), "NodeName must not be empty");
        Require(options.Heartbeat >= TimeSpan.FromMilliseconds(100) && options.Heartbeat <= TimeSpan.FromHours(1),
            "Heartbeat must be between 100 milliseconds and 1 hour");
        Require(options.ConnectTimeout > TimeSpan.Zero, "ConnectTimeout must be above zero");
        Require(options.ChannelsPerConnection >= 1, "ChannelsPerConnection must be at least 1");
        Require(options.ConnectionsPerUser >= 1, "ConnectionsPerUser must be at least 1");
        foreach (var kind in Enum.GetValues<RequestKind>())
            Require(options.RateLimits[kind] is { IsValid: true }, $"RateLimits: the limit of kind {kind} must have 0 (no limit) to 1,000,000 PerSecond and a Burst of at least 1");
        Require(options.AwayAfter > TimeSpan.Zero, "AwayAfter must be above zero");
        Require(options.PresenceSignalsUpTo >= 0, "PresenceSignalsUpTo must be 0 or more");
        Require(options.ReadSignalsUpTo is >= 0 and < int.MaxValue, "ReadSignalsUpTo must be 0 or more");
        Require(options.TailBytesPerChannel >= 0, "TailBytesPerChannel must be 0 or more");
        Require(options.TailBytesPerNode >= 0, "TailBytesPerNode must be 0 or more");
        Require(options.AppendBatchSize is >= 1 and <= 10_000, "AppendBatchSize must be between 1 and 10,000");
        Require(options.RepairInterval >= TimeSpan.FromMilliseconds(100) && options.RepairInterval <= TimeSpan.FromHours(1),
            "RepairInterval must be between 100 milliseconds and 1 hour");
        Require(options.NodeHeartbeat >= TimeSpan.FromMilliseconds(100) && options.NodeHeartbeat <= TimeSpan.FromMinutes(1),
            "NodeHeartbeat must be between 100 milliseconds and 1 minute");
        Require(options.DrainPeriod >= TimeSpan.Zero, "DrainPeriod must not be negative");
        Require(UserNames.IsValid(options.SystemUser), $"SystemUser must be {UserNames.Rule}");
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }
}
