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

    /// <summary>
    /// Says that what the <see cref="IUserDirectory"/> shows of users changed. Call it once the directory gives the new answer: it is asked anew
    /// for each connection that asked for one of them, and what it gives is sent there. Returns at once.
    /// </summary>
    /// <remarks>
    /// On all nodes that hear each other; a notice that the broker loses is not repeated. A user whom the directory does not give any more is
    /// not sent: clients keep what they hold until they ask again.
    /// </remarks>
    /// <param name="users">The users.</param>
    /// <exception cref="ArgumentException">A name is not valid.</exception>
    void Changed(params IReadOnlyCollection<string> users);
}
