namespace RealtimeKit.EndToEnd.Protocol;

/// <summary>The server answered the WebSocket upgrade with an HTTP status of its own.</summary>
public sealed class UpgradeRefusedException(int status, Exception inner) : Exception($"The upgrade was refused with HTTP {status}.", inner)
{
    public int Status { get; } = status;
}
