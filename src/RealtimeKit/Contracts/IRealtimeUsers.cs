namespace RealtimeKit;

/// <summary>
/// Users and their connections, from the application's own code.
/// Safe for concurrent use. Every call may throw <see cref="StoreUnavailableException"/>; then it may be tried again.
/// </summary>
public interface IRealtimeUsers
{
    /// <summary>How many connections a user has now, to all nodes together.</summary>
    /// <param name="user">The user.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The sum of what the nodes answer; one that does not within 1.5 seconds is left out.</returns>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    Task<int> GetConnectionCountAsync(string user, CancellationToken cancellationToken = default);

    /// <summary>
    /// Closes the user's connections, to whichever node, with code 4403; their clients do not come back by themselves.
    /// </summary>
    /// <remarks>
    /// A node that cannot be reached at this moment is asked again for 1.5 seconds and not after that, and nothing stops the
    /// user from signing in anew: to shut somebody out, end the membership or refuse the sign-in first.
    /// </remarks>
    /// <param name="user">The user.</param>
    /// <param name="reason">The reason that the client receives, for a developer to read.</param>
    /// <param name="cancellationToken">Ends the wait; the nodes may still close.</param>
    /// <returns>How many connections the nodes say they closed.</returns>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    Task<int> DisconnectAsync(
        string user, string reason = "Disconnected by the application.", CancellationToken cancellationToken = default);
}
