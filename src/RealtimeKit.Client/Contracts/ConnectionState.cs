using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>What a client's connection is doing. Immutable.</summary>
/// <param name="Status">What it is doing.</param>
/// <param name="User">The user that the server knows the client as; while <see cref="ConnectionStatus.Connected"/>.</param>
/// <param name="RetryIn">How long until the next attempt; while <see cref="ConnectionStatus.Waiting"/>.</param>
/// <param name="CloseCode">How the last connection ended; while waiting or closed.</param>
/// <param name="Reason">Why, in words for developers; while waiting or closed.</param>
public sealed record ConnectionState(
    ConnectionStatus Status, string? User = null, TimeSpan? RetryIn = null, CloseCode? CloseCode = null, string? Reason = null)
{
    /// <summary>
    /// The features that the connected node has, of those that a node may lack, such as <c>search</c>; while
    /// <see cref="ConnectionStatus.Connected"/>, else empty. A request of another one fails with <see cref="ErrorCodes.Unsupported"/>.
    /// </summary>
    public IReadOnlyList<string> Features { get; init; } = [];

    internal static ConnectionState Idle { get; } = new(ConnectionStatus.Idle);

    internal static ConnectionState Connecting { get; } = new(ConnectionStatus.Connecting);
}

/// <summary>What a client's connection may be doing.</summary>
public enum ConnectionStatus
{
    /// <summary><see cref="RealtimeClient.ConnectAsync"/> was not called yet.</summary>
    Idle,

    /// <summary>An attempt to connect and sign in is under way.</summary>
    Connecting,

    /// <summary>Connected and signed in.</summary>
    Connected,

    /// <summary>Not connected; the next attempt comes by itself.</summary>
    Waiting,

    /// <summary>Ended for good: by the application, or because the server does not want this client.</summary>
    Closed,
}
