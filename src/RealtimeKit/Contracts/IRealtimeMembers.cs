using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit;

/// <summary>
/// Who is a member of which channel, from the application's own code, which is trusted: no method asks the authorizer, also where it names the
/// user who acts. Safe for concurrent use. Every call may throw <see cref="StoreUnavailableException"/>; then it may be tried again.
/// </summary>
public interface IRealtimeMembers
{
    /// <summary>Makes a user a member. Whoever is one already keeps the role.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The user.</param>
    /// <param name="role">The role of a new member.</param>
    /// <param name="by">
    /// The user who does it, perhaps the same one: of a change of another user the channel's list of actions then has an entry, and the frame to
    /// subscribers names them. <see langword="null"/> for the application itself. Whether that user may is not asked.
    /// </param>
    /// <param name="cancellationToken">Ends the wait; it may still be done.</param>
    /// <returns>Whether the user was not a member.</returns>
    /// <exception cref="ArgumentException">A name is not valid.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="UserBannedException">The user is banned from the channel.</exception>
    Task<bool> AddAsync(
        string channel, string user, ChannelRole role = ChannelRole.Member, string? by = null, CancellationToken cancellationToken = default);

    /// <summary>Makes many users members, as <see cref="AddAsync"/> does for each: thousands in one call.</summary>
    /// <remarks>
    /// They are stored in transactions of 1,000. Where the call throws, those of the first transactions may be members; call it again with all of
    /// them. Subscribers of a private channel receive a frame for each member, of which a slow one may miss some, as of all signals.
    /// </remarks>
    /// <param name="channel">The channel.</param>
    /// <param name="users">The users; one who is named twice counts once.</param>
    /// <param name="role">The role of new members.</param>
    /// <param name="by"><inheritdoc cref="AddAsync" path="/param[@name='by']"/></param>
    /// <param name="cancellationToken">Ends the wait; a part may be done.</param>
    /// <returns>How many were not members, and whom a ban keeps out.</returns>
    /// <exception cref="ArgumentException">A name is not valid; then nothing is changed.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<MembersChanged> AddManyAsync(
        string channel, IEnumerable<string> users, ChannelRole role = ChannelRole.Member, string? by = null, CancellationToken cancellationToken = default);

    /// <summary>Gives a user a role. Whoever is no member becomes one.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The user.</param>
    /// <param name="role">The role.</param>
    /// <param name="by"><inheritdoc cref="AddAsync" path="/param[@name='by']"/></param>
    /// <param name="cancellationToken">Ends the wait; it may still be done.</param>
    /// <returns>Whether the user had another role, or none.</returns>
    /// <exception cref="ArgumentException">A name is not valid.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="LastOwnerException">The channel's last owner would lose that role.</exception>
    /// <exception cref="UserBannedException">The user is banned from the channel.</exception>
    Task<bool> SetRoleAsync(string channel, string user, ChannelRole role, string? by = null, CancellationToken cancellationToken = default);

    /// <summary>Gives many users a role, as <see cref="SetRoleAsync"/> does for each.</summary>
    /// <inheritdoc cref="AddManyAsync" path="/remarks"/>
    /// <param name="channel">The channel.</param>
    /// <param name="users">The users; one who is named twice counts once.</param>
    /// <param name="role">The role.</param>
    /// <param name="by"><inheritdoc cref="AddAsync" path="/param[@name='by']"/></param>
    /// <param name="cancellationToken">Ends the wait; a part may be done.</param>
    /// <returns>How many had another role or none, and who was refused: the banned, and the last owner.</returns>
    /// <exception cref="ArgumentException">A name is not valid; then nothing is changed.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<MembersChanged> SetManyRolesAsync(
        string channel, IEnumerable<string> users, ChannelRole role, string? by = null, CancellationToken cancellationToken = default);

    /// <summary>Ends a membership. The user's subscriptions end with the reason <c>removed</c>.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The user.</param>
    /// <param name="reason">Why, for moderators to read: at most 200 UTF-16 code units.</param>
    /// <param name="by">
    /// The user who does it: then the channel's list of actions has it. Where it is the same user, they leave: in a public channel their
    /// subscriptions go on, elsewhere they end with the reason <c>left</c>. <see langword="null"/> for the application itself. Whether that user
    /// may is not asked.
    /// </param>
    /// <param name="cancellationToken">Ends the wait; it may still be done.</param>
    /// <returns>Whether the user was a member.</returns>
    /// <exception cref="ArgumentException">An argument is not of that form.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="LastOwnerException">The user is the channel's last owner.</exception>
    Task<bool> RemoveAsync(
        string channel, string user, string? reason = null, string? by = null, CancellationToken cancellationToken = default);

    /// <summary>Ends many memberships, as <see cref="RemoveAsync"/> does for each.</summary>
    /// <inheritdoc cref="AddManyAsync" path="/remarks"/>
    /// <param name="channel">The channel.</param>
    /// <param name="users">The users; one who is named twice counts once.</param>
    /// <param name="reason">Why, for moderators to read: at most 200 UTF-16 code units.</param>
    /// <param name="by"><inheritdoc cref="RemoveAsync" path="/param[@name='by']"/></param>
    /// <param name="cancellationToken">Ends the wait; a part may be done.</param>
    /// <returns>How many were members, and who was refused: the last owner.</returns>
    /// <exception cref="ArgumentException">An argument is not of that form; then nothing is changed.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<MembersChanged> RemoveManyAsync(
        string channel, IEnumerable<string> users, string? reason = null, string? by = null, CancellationToken cancellationToken = default);

    /// <summary>What a user is in a channel, member or not.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The user.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">A name is not valid.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<ChannelUser> GetAsync(string channel, string user, CancellationToken cancellationToken = default);

    /// <summary>Lists members in the order of their names, up to 200 at a time, those after <paramref name="after"/>.</summary>
    /// <param name="channel">The channel; one that does not exist has none.</param>
    /// <param name="after">The last user of the page before, or <see langword="null"/> for the first page.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    Task<MemberPage> ListAsync(string channel, string? after = null, CancellationToken cancellationToken = default);
}
