using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit;

/// <summary>
/// Users over all channels, from the application's own code, which is trusted: no method but <see cref="CheckAccessAsync"/> asks the authorizer.
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

    /// <summary>
    /// Lists the channels that a user is a member of, the latest change (or, before the first, the creation) first, with the user's role and what
    /// is unread: the list that the user's own client sees.
    /// </summary>
    /// <param name="user">The user.</param>
    /// <param name="before">The <see cref="ChannelPage.Next"/> of the page before, or <see langword="null"/> for the first.</param>
    /// <param name="limit">The most channels, 1 to 200; a page with large last messages has fewer.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">An argument is not of that form.</exception>
    Task<ChannelPage> ListChannelsAsync(
        string user, string? before = null, int limit = ProtocolConstants.DefaultPageSize, CancellationToken cancellationToken = default);

    /// <summary>
    /// Moves a user's read mark of a channel forward, member or not. The user's connections that are subscribed receive it, and in a direct
    /// channel the other user.
    /// </summary>
    /// <param name="user">The user.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="sequence">The highest sequence read; beyond the last message, the last.</param>
    /// <param name="cancellationToken">Ends the wait; the mark may still be moved.</param>
    /// <returns>Where the mark is now.</returns>
    /// <exception cref="ArgumentException">An argument is not of that form.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<long> MarkReadAsync(string user, string channel, long sequence, CancellationToken cancellationToken = default);

    /// <summary>
    /// Whether a user may do something to a channel, as the authorizer decides it for a client: for pages and downloads of the application's own.
    /// </summary>
    /// <remarks>
    /// The answer is of this moment. It is neither kept nor carried by what the application does next: methods that change something do not ask.
    /// </remarks>
    /// <param name="user">The user.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="operation">What the user wants to do.</param>
    /// <param name="details">What the question is about beside the channel: claims, the message, the other user.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>
    /// <see cref="Access.Allowed"/>, or how to refuse: <see cref="Access.Forbidden"/> where the user may know of the channel, and
    /// <see cref="Access.Hidden"/> where not, also where there is no such channel.
    /// </returns>
    /// <exception cref="ArgumentException">A name is not valid.</exception>
    /// <exception cref="MessageNotFoundException">There is no such message as the details name.</exception>
    Task<Access> CheckAccessAsync(
        string user, string channel, ChannelOperation operation, AccessDetails? details = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Makes a user block another one: in the direct channel of the two the other one may only read and delete, and cannot make one; mentions by
    /// the other one do not count for the user. The other one is not told.
    /// </summary>
    /// <remarks>
    /// Once it has completed, no change but a deletion of the other one gets a version in the direct channel any more, on whichever node, whether
    /// or not the nodes hear each other.
    /// </remarks>
    /// <param name="user">Who blocks.</param>
    /// <param name="other">Who is blocked.</param>
    /// <param name="cancellationToken">Ends the wait; the block may still be made.</param>
    /// <returns>Whether that was not so already.</returns>
    /// <exception cref="ArgumentException">A name is not valid, or both are the same.</exception>
    /// <exception cref="InvalidOperationException">The user blocks 1,000 others already.</exception>
    Task<bool> BlockAsync(string user, string other, CancellationToken cancellationToken = default);

    /// <summary>Ends a block.</summary>
    /// <param name="user">Who blocks.</param>
    /// <param name="other">Who is blocked.</param>
    /// <param name="cancellationToken">Ends the wait; the block may still be ended.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="ArgumentException">A name is not valid, or both are the same.</exception>
    Task<bool> UnblockAsync(string user, string other, CancellationToken cancellationToken = default);

    /// <summary>The users whom a user blocks, in the order of their names.</summary>
    /// <param name="user">The user.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    Task<IReadOnlyList<string>> ListBlockedAsync(string user, CancellationToken cancellationToken = default);
}
