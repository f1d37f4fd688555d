using RealtimeKit.Protocol;

namespace RealtimeKit.Hosting;

/// <summary>Checks of what the application's own code gives.</summary>
internal static class HostChecks
{
    /// <exception cref="ArgumentOutOfRangeException">A page cannot have so many items.</exception>
    public static void RequirePageSize(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, ProtocolConstants.MaxPageSize);
    }

    /// <exception cref="ArgumentException">A reason cannot be so long, or has half of a character.</exception>
    public static void RequireReason(string? reason)
    {
        TextRules.Require(reason);
        if (reason?.Length > ProtocolConstants.MaxReasonLength)
            throw new ArgumentException($"A reason may have at most {ProtocolConstants.MaxReasonLength} UTF-16 code units.", nameof(reason));
    }
}
