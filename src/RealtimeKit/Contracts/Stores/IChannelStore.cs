using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// The directory: which channels there are, who belongs to them and how far everybody has read. A store implements it
/// beside <see cref="IMessageStore"/>. Implementations are safe for concurrent use.
/// </summary>
/// <remarks>
/// Every call may throw <see cref="StoreUnavailableException"/>; then nothing is known to have changed. A call that ended with an
/// exception must not begin afterwards: only work that was already under way may still take effect. What is given to a call is the
/// store's: the caller never changes a list afterwards, and the store may keep it.
/// </remarks>
public interface IChannelStore
{
    /// <summary>Finds a channel and what it is to a user, in one read.</summary>
    /// <returns><see langword="null"/> where the channel does not exist.</returns>
    ValueTask<ChannelView?> FindAsync(string channel, string user, CancellationToken cancellationToken);

    /// <summary>Lists all channels whose names begin with a prefix, in ordinal order of the names.</summary>
    /// <param name="prefix">What the names begin with; empty for all channels.</param>
    /// <param name="after">Only names after this one, or <see langword="null"/>.</param>
    /// <param name="limit">The most channels.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<ChannelInfoPage> ListAllAsync(string prefix, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Makes a channel with a new epoch, its creator (if any) as owner and the others as members, in one transaction.</summary>
    /// <returns>Whether it was made, and the channel's identifier: for a pair that has one already, that one's.</returns>
    ValueTask<CreateResult> CreateAsync(NewChannel channel, CancellationToken cancellationToken);

    /// <summary>Deletes a channel with all that belongs to it. The same name made again has another epoch.</summary>
    /// <remarks>
    /// Ends as soon as no call finds the channel any more: the engine then ends its subscriptions. What takes long, such as the removal of
    /// many rows, the store does afterwards, and it goes on with that after a crash.
    /// </remarks>
    /// <returns>Whether it existed.</returns>
    ValueTask<bool> DeleteAsync(string channel, CancellationToken cancellationToken);

    /// <summary>
    /// Gives every channel another epoch, after the storage was put back to an earlier state: the numbers of what was lost are given
    /// anew, and a reader who holds the lost messages must not take itself for level.
    /// </summary>
    /// <remarks>A call that failed is made again as a whole; then some channels get another epoch twice.</remarks>
    ValueTask RenewEpochsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Applies a change of a member in one transaction: finds what <see cref="MemberRules.Decide"/> asks for, and writes what it returns.
    /// Changes of one channel are applied one after another, whatever other nodes do at the same time.
    /// </summary>
    ValueTask<MemberResult> ApplyAsync(MemberChange change, CancellationToken cancellationToken);

    /// <summary>
    /// Applies changes of one channel's members in their order, in one transaction, as <see cref="MemberPlan"/> decides. A change that is
    /// refused leaves the others alone.
    /// </summary>
    /// <param name="changes">The changes: at least one, all of one channel. The engine gives at most 1,000, for the channel is locked meanwhile.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>One result for each, in the same order.</returns>
    /// <exception cref="ArgumentException">There is no change, or they are of several channels.</exception>
    ValueTask<IReadOnlyList<MemberResult>> ApplyAsync(IReadOnlyList<MemberChange> changes, CancellationToken cancellationToken);

    /// <summary>
    /// Lists the actions of a channel, the latest first, those before a place. They are kept in the transactions that the results of
    /// <see cref="ApplyAsync(MemberChange, CancellationToken)"/>, <see cref="UpdateAsync"/> and of an append ask for, and never changed.
    /// </summary>
    /// <param name="channel">The channel.</param>
    /// <param name="before">The <see cref="ActionPage.Next"/> of the page before, or <see langword="null"/>.</param>
    /// <param name="limit">The most actions.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<ActionPage> ListActionsAsync(string channel, long? before, int limit, CancellationToken cancellationToken);

    /// <summary>Lists the bans that hold at a time, in ordinal order of the users' names, those after <paramref name="after"/>.</summary>
    ValueTask<BanPage> ListBansAsync(string channel, string? after, int limit, DateTimeOffset time, CancellationToken cancellationToken);

    /// <summary>
    /// Changes a channel's settings in one transaction: finds what <see cref="SettingsChange.Decide"/> asks for, and writes what it returns.
    /// Changes of one channel are applied one after another, whatever other nodes do at the same time. The channel keeps its place in lists.
    /// </summary>
    ValueTask<SettingsResult> UpdateAsync(SettingsChange change, CancellationToken cancellationToken);

    /// <summary>Counts the members of a channel, up to a number: it looks at so many and no more.</summary>
    /// <param name="channel">The channel; one that does not exist has none.</param>
    /// <param name="most">Where the count ends; at least 1.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<int> CountMembersAsync(string channel, int most, CancellationToken cancellationToken);

    /// <summary>Lists members in ordinal order of their names, those after <paramref name="after"/>.</summary>
    ValueTask<MemberPage> ListMembersAsync(string channel, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Lists the channels that a user is a member of, the latest change (or, before the first, the creation) first. The page ends at the limit
    /// or where its last messages have enough bytes together, as <see cref="ChannelPageBuilder"/> has it.
    /// </summary>
    /// <param name="user">The user.</param>
    /// <param name="before">The <see cref="ChannelPage.Next"/> of the page before, or <see langword="null"/>.</param>
    /// <param name="limit">The most channels.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="FormatException"><paramref name="before"/> did not come from this method.</exception>
    ValueTask<ChannelPage> ListChannelsAsync(string user, string? before, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Moves a user's read mark forward to <paramref name="sequence"/>, but not beyond the last message; member or not.
    /// </summary>
    /// <returns>The mark and whether it moved; <see langword="null"/> where the channel does not exist.</returns>
    ValueTask<ReadMark?> MoveReadMarkAsync(string channel, string user, long sequence, CancellationToken cancellationToken);

    /// <summary>
    /// Reads a page of the directory of public channels, in the order of <see cref="DirectoryRules.Key"/>, with bounded work however many channels
    /// there are. The store keeps the rows of <see cref="DirectoryRules"/> in the transactions that make, rename and delete public channels.
    /// </summary>
    ValueTask<DirectoryPage> ListDirectoryAsync(DirectoryQuery query, CancellationToken cancellationToken);

    /// <summary>
    /// Reports a message in one transaction: finds what <see cref="ReportChange.Decide"/> asks for, and writes what it returns. Who has reported
    /// a message is kept for good, also beyond the names that the report tells.
    /// </summary>
    ValueTask<ReportResult> ReportAsync(ReportChange change, CancellationToken cancellationToken);

    /// <summary>Changes a report's state in one transaction: finds what <see cref="ResolveChange.Decide"/> asks for, and writes what it returns.</summary>
    ValueTask<ResolveResult> ResolveAsync(ResolveChange change, CancellationToken cancellationToken);

    /// <summary>Lists the reports of a channel, the newest first, as <see cref="ReportPageBuilder"/> cuts the page.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="before">The <see cref="ReportPage.Next"/> of the page before, or <see langword="null"/>.</param>
    /// <param name="limit">The most reports.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="FormatException"><paramref name="before"/> did not come from this method.</exception>
    ValueTask<ReportPage> ListReportsAsync(string channel, string? before, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Applies a block in one transaction: finds what <see cref="BlockChange.Decide"/> asks for, writes the block, and raises the revision of the
    /// direct channel of the two. A direct channel that is made at the same time is either found by it or made after it.
    /// </summary>
    ValueTask<BlockResult> BlockAsync(BlockChange change, CancellationToken cancellationToken);

    /// <summary>The users whom a user blocks, in ordinal order.</summary>
    ValueTask<IReadOnlyList<string>> ListBlockedAsync(string user, CancellationToken cancellationToken);

    /// <summary>The reactions that a user gave to a message, in ordinal order; empty where there are none.</summary>
    ValueTask<IReadOnlyList<string>> ListOwnReactionsAsync(string channel, long sequence, string user, CancellationToken cancellationToken);
}

/// <summary>A channel to be made.</summary>
/// <param name="Channel">Its identifier.</param>
/// <param name="Kind">Who may find it.</param>
/// <param name="Name">Its display name, if any.</param>
/// <param name="Owner">The user who becomes owner; in a direct channel both are plain members.</param>
/// <param name="Members">The other first members.</param>
/// <param name="Created">The time of its making, UTC, in whole milliseconds.</param>
public sealed record NewChannel(
    string Channel, ChannelKind Kind, string? Name, string? Owner, IReadOnlyList<string> Members, DateTimeOffset Created)
{
    /// <summary>The application's data, if any.</summary>
    public JsonValue? Data { get; init; }

    /// <summary>
    /// For a direct channel the key of its pair, the same whoever asks and different for every other pair: no name of a user has its
    /// separator, a line feed. The store keeps it unique. Otherwise <see langword="null"/>.
    /// </summary>
    public string? Pair => Kind != ChannelKind.Direct ? null : PairOf([.. Members.Append(Owner).OfType<string>()]);

    /// <summary>
    /// For a direct channel that a user makes: whether the outcome is <see cref="CreateOutcome.Blocked"/>, and no channel is made, where the other
    /// user blocks the <see cref="Owner"/>. A pair that has a channel gets it all the same.
    /// </summary>
    public bool HeedsBlocks { get; init; }

    /// <summary>Where blocks are to be heeded the one who may block the owner, else <see langword="null"/>.</summary>
    public string? Blocker => HeedsBlocks && Kind == ChannelKind.Direct ? Members.FirstOrDefault(user => user != Owner) : null;

    internal static string PairOf(params IEnumerable<string> users) => string.Join('\n', users.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

    /// <summary>The first members, each once, with the role that each begins with.</summary>
    public IReadOnlyDictionary<string, ChannelRole> Roles
    {
        get
        {
            var roles = new Dictionary<string, ChannelRole>(StringComparer.Ordinal);
            foreach (var user in Members) roles[user] = ChannelRole.Member;
            if (Owner is not null) roles[Owner] = Kind == ChannelKind.Direct ? ChannelRole.Member : ChannelRole.Owner;
            return roles;
        }
    }
}

/// <summary>What became of the making of a channel.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Channel">The channel that was made, or that the pair already has.</param>
public readonly record struct CreateResult(CreateOutcome Outcome, string Channel);

/// <summary>What may become of the making of a channel.</summary>
public enum CreateOutcome
{
    /// <summary>It was made.</summary>
    Created,

    /// <summary>The pair has a direct channel already.</summary>
    PairExists,

    /// <summary>The name is taken.</summary>
    Taken,

    /// <summary>The other user of the direct channel blocks the one who would make it.</summary>
    Blocked,
}

/// <summary>A channel as one user sees it.</summary>
/// <param name="Head">Where its log stands.</param>
/// <param name="Kind">Who may find it.</param>
/// <param name="Settings">Its settings.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Role">The user's role, or <see langword="null"/> where the user is not a member.</param>
/// <param name="Read">The user's read mark; 0 for none.</param>
/// <param name="Ban">The ban that is stored for the user, whether or not it still holds.</param>
/// <param name="Mute">The mute that is stored for the user, whether or not it still holds.</param>
/// <param name="Blocked">Whether this is a direct channel of which another member blocks the user.</param>
/// <param name="Ownerless">Whether the channel has no owner. Only looked at where the user is a moderator.</param>
public sealed record ChannelView(
    ChannelHead Head, ChannelKind Kind, ChannelSettings Settings, DateTimeOffset Created, ChannelRole? Role, long Read, Sanction? Ban = null, Sanction? Mute = null,
    bool Blocked = false, bool Ownerless = false)
{
    /// <summary>The question whether the user may do something at a time, without the user's claims.</summary>
    /// <param name="user">The user of this view.</param>
    /// <param name="operation">What the user wants to do.</param>
    /// <param name="time">When: whether a ban or mute holds depends on it.</param>
    /// <returns>What to ask the authorizer.</returns>
    public AccessRequest Ask(string user, ChannelOperation operation, DateTimeOffset time) => new(user, operation, Head.Channel, Kind, Role)
    {
        IsBanned = Ban?.HoldsAt(time) == true,
        IsMuted = Mute?.HoldsAt(time) == true,
        IsClosed = Settings.Closed,
        IsBlocked = Blocked,
        IsOwnerless = Ownerless,
    };
}

/// <summary>A page of bans.</summary>
/// <param name="Bans">The bans.</param>
/// <param name="More">Whether there are more after the last of them.</param>
public sealed record BanPage(IReadOnlyList<ChannelBan> Bans, bool More);

/// <summary>A page of members.</summary>
/// <param name="Members">The members.</param>
/// <param name="More">Whether there are more after the last of them.</param>
public sealed record MemberPage(IReadOnlyList<ChannelMember> Members, bool More)
{
    /// <summary>The page as it is at a time: a mute that has ended stays stored until the next change of it.</summary>
    internal MemberPage At(DateTimeOffset time) => this with
    {
        Members = [.. Members.Select(member => member.MutedUntil <= time ? member with { Muted = false, MutedUntil = null } : member)],
    };
}

/// <summary>A page of a user's channels.</summary>
/// <param name="Channels">The channels.</param>
/// <param name="Next">What to send as <c>before</c> for the next page; <see langword="null"/> where this is the last.</param>
public sealed record ChannelPage(IReadOnlyList<ChannelSummary> Channels, string? Next);

/// <summary>A read mark.</summary>
/// <param name="Sequence">The highest sequence read.</param>
/// <param name="Moved">Whether the call moved it.</param>
public readonly record struct ReadMark(long Sequence, bool Moved);

/// <summary>A page of actions.</summary>
/// <param name="Actions">The actions, the latest first.</param>
/// <param name="Next">Where the next page begins; <see langword="null"/> where this is the last.</param>
public sealed record ActionPage(IReadOnlyList<ChannelAction> Actions, long? Next);
