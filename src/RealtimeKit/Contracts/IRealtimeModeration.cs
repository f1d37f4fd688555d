using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit;

/// <summary>
/// Bans, mutes, reports and the log of actions, from the application's own code, which is trusted: no method asks the authorizer.
/// Safe for concurrent use. Every call may throw <see cref="StoreUnavailableException"/>; then it may be tried again.
/// </summary>
public interface IRealtimeModeration
{
    /// <summary>
    /// Keeps a user out of a channel, member or not: the membership ends, and the subscriptions with the reason <c>banned</c>. Replaces an
    /// earlier ban.
    /// </summary>
    /// <remarks>
    /// Once it has completed, no change of the user gets a version in the channel any more, on whichever node, whether or not the nodes
    /// hear each other.
    /// </remarks>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The user.</param>
    /// <param name="until">When the ban ends by itself; <see langword="null"/> for never.</param>
    /// <param name="reason">Why, for moderators to read: at most 200 UTF-16 code units.</param>
    /// <param name="by"><inheritdoc cref="UnbanAsync" path="/param[@name='by']"/></param>
    /// <param name="cancellationToken">Ends the wait; the user may still be banned.</param>
    /// <returns>Whether that was not so already.</returns>
    /// <exception cref="ArgumentException">An argument is not of that form, <paramref name="until"/> has passed, or the user is <paramref name="by"/>.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="LastOwnerException">The user is the channel's last owner.</exception>
    Task<bool> BanAsync(
        string channel, string user, DateTimeOffset? until = null, string? reason = null, string? by = null,
        CancellationToken cancellationToken = default);

    /// <summary>Ends a ban. The user is no member.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The user.</param>
    /// <param name="by">
    /// The user who does it: then the channel's list of actions has it, and the user's frame names them. <see langword="null"/> for the
    /// application itself. Whether that user may is not asked.
    /// </param>
    /// <param name="cancellationToken">Ends the wait; it may still be done.</param>
    /// <returns>Whether the user was banned.</returns>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<bool> UnbanAsync(string channel, string user, string? by = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Lets a user, member or not, only read a channel, and delete their own messages. Replaces an earlier mute, and outlives the membership.
    /// </summary>
    /// <inheritdoc cref="BanAsync" path="/remarks"/>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The user.</param>
    /// <param name="until">When the mute ends by itself; <see langword="null"/> for never.</param>
    /// <param name="reason">Why, for moderators to read: at most 200 UTF-16 code units.</param>
    /// <param name="by"><inheritdoc cref="UnbanAsync" path="/param[@name='by']"/></param>
    /// <param name="cancellationToken">Ends the wait; the user may still be muted.</param>
    /// <returns>Whether that was not so already.</returns>
    /// <exception cref="ArgumentException">An argument is not of that form, <paramref name="until"/> has passed, or the user is <paramref name="by"/>.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<bool> MuteAsync(
        string channel, string user, DateTimeOffset? until = null, string? reason = null, string? by = null,
        CancellationToken cancellationToken = default);

    /// <summary>Ends a mute.</summary>
    /// <inheritdoc cref="UnbanAsync" path="/param"/>
    /// <returns>Whether the user was muted.</returns>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<bool> UnmuteAsync(string channel, string user, string? by = null, CancellationToken cancellationToken = default);

    /// <summary>Lists what moderators and owners did, the latest first, up to 200 at a time. What the application did as itself is not among it.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="before">The <see cref="ActionPage.Next"/> of the page before, or <see langword="null"/> for the first.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    Task<ActionPage> ListActionsAsync(string channel, long? before = null, CancellationToken cancellationToken = default);

    /// <summary>Lists the bans that hold, in the order of the users' names, up to 200 at a time, those after <paramref name="after"/>.</summary>
    Task<BanPage> ListBansAsync(string channel, string? after = null, CancellationToken cancellationToken = default);

    /// <summary>Reports a message to the moderators of its channel, as a user does. The same user's report again changes nothing.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="sequence">The message.</param>
    /// <param name="user">Who reports it.</param>
    /// <param name="reason">Why, for moderators to read: at most 1,000 UTF-16 code units.</param>
    /// <param name="cancellationToken">Ends the wait; the report may still be kept.</param>
    /// <returns>Whether the user had not reported it before.</returns>
    /// <exception cref="ArgumentException">An argument is not of that form.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="MessageNotFoundException">There is no such message, or it was deleted.</exception>
    Task<bool> ReportAsync(string channel, long sequence, string user, string? reason = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Lists the reports of a channel, the newest first, up to 200 at a time. Those of a direct channel are only for the application to read.
    /// </summary>
    /// <param name="channel">The channel.</param>
    /// <param name="before">The <see cref="ReportPage.Next"/> of the page before, or <see langword="null"/> for the first.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    /// <exception cref="FormatException"><paramref name="before"/> is not from an earlier page.</exception>
    Task<ReportPage> ListReportsAsync(string channel, string? before = null, CancellationToken cancellationToken = default);

    /// <summary>Says what became of a report. It may become open again.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="report">The <see cref="ChannelReport.Report"/>.</param>
    /// <param name="state">What became of it.</param>
    /// <param name="by">The user who does it: then the channel's list of actions has it. <see langword="null"/> for the application itself.</param>
    /// <param name="cancellationToken">Ends the wait; the state may still be changed.</param>
    /// <returns>Whether it had another state; false also where there is no such report.</returns>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    Task<bool> ResolveReportAsync(string channel, string report, ReportState state, string? by = null, CancellationToken cancellationToken = default);
}
