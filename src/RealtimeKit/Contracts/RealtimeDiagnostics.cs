namespace RealtimeKit;

/// <summary>The names under which the engine can be watched. docs/operations.md lists what there is under each.</summary>
public static class RealtimeDiagnostics
{
    /// <summary>The <see cref="System.Diagnostics.Metrics.Meter"/> of the engine's numbers, for <c>AddMeter</c> of OpenTelemetry.</summary>
    public const string MeterName = "RealtimeKit";

    /// <summary>The <see cref="System.Diagnostics.ActivitySource"/> of a message's way, for <c>AddSource</c> of OpenTelemetry.</summary>
    public const string ActivitySourceName = "RealtimeKit";

    /// <summary>The tag of the health checks that <c>AddRealtimeMessaging</c> adds.</summary>
    public const string HealthTag = "realtimekit";
}
