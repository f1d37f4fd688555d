using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>How a connection, or the attempt to make one, ended.</summary>
internal sealed record ConnectionEnd(CloseCode Code, string Reason)
{
    /// <summary>Whether another attempt would end the same way.</summary>
    public bool IsFinal { get; init; }

    /// <summary>How long it was signed in; nothing where it never was.</summary>
    public TimeSpan? Lived { get; init; }

    /// <summary>When to come back, where the server said.</summary>
    public TimeSpan? ComeBackIn { get; init; }
}
