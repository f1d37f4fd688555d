using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

public sealed partial class RealtimeChannel
{
    // A reader shows typing for 6 seconds: twice in that time keeps it shown.
    private static readonly TimeSpan TypingInterval = TimeSpan.FromSeconds(3);
    private readonly Throttle _typing;

    /// <summary>
    /// Tells the others that the user is typing. To be called at every keystroke: it sends at most every 3 seconds, waits
    /// for nothing, and does nothing without a connection.
    /// </summary>
    public void Typing()
    {
        if (_typing.TryPass()) _requests.Post(output => ClientRequests.Signal(output, null, Id, "typing", null));
    }

    /// <summary>Sends a signal of the application's own to those who are subscribed. It is not stored and may be lost.</summary>
    /// <param name="name">What it is, at most 64 UTF-16 code units; not <c>presence</c> or <c>read</c>.</param>
    /// <param name="data">Its data, if any.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeException">The server refused, or the connection was lost before the reply.</exception>
    public Task SignalAsync(string name, JsonValue? data = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        TextRules.Require(name);
        return _requests.SendAsync<OkFrame>((output, id) => ClientRequests.Signal(output, id, Id, name, data), repeat: false, cancellationToken);
    }

    /// <summary>Who is subscribed now.</summary>
    /// <exception cref="RealtimeException">The server refused, or the client is closed.</exception>
    public async Task<IReadOnlyList<PresentUser>> PresenceAsync(CancellationToken cancellationToken = default)
    {
        var users = new List<PresentUser>();
        PresenceFrame reply;
        do
        {
            var after = users.Count > 0 ? users[^1].User : null;
            reply = await _requests.SendAsync<PresenceFrame>(
                (output, id) => ClientRequests.Presence(output, id, Id, after), repeat: true, cancellationToken).ConfigureAwait(false);
            users.AddRange(reply.Users);
        }
        while (reply.More && reply.Users.Count > 0);
        return users;
    }

    /// <summary>A page of the members.</summary>
    /// <param name="after">The last user of the page before; nothing for the first.</param>
    /// <param name="limit">The most members, 1 to 200. Default: 50.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ArgumentException">No user can have that name.</exception>
    /// <exception cref="RealtimeException">The server refused, or the client is closed.</exception>
    public async Task<MemberList> MembersAsync(string? after = null, int? limit = null, CancellationToken cancellationToken = default)
    {
        if (after is not null) UserNames.Require(after, nameof(after));
        var reply = await _requests.SendAsync<MembersFrame>(
            (output, id) => ClientRequests.Users(output, "members"u8, id, Id, after, limit), repeat: true, cancellationToken).ConfigureAwait(false);
        return new MemberList(reply.Members, reply.More);
    }

    /// <summary>Changes what the user has set for itself in this channel. It ends with the membership.</summary>
    /// <param name="preferences">What to set.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeException">
    /// The server refused (<c>forbidden</c> for who is no member), or the connection was lost before the reply.
    /// </exception>
    public Task PreferAsync(ChannelPreferences preferences, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(preferences);
        return _requests.SendAsync<OkFrame>((output, id) => ClientRequests.Prefer(output, id, Id, preferences), repeat: false, cancellationToken);
    }

    /// <summary>Makes the user a member. Not repeated by itself.</summary>
    /// <exception cref="RealtimeException">The server refused, or the connection was lost before the reply.</exception>
    public Task JoinAsync(CancellationToken cancellationToken = default) => RequestAsync("join"u8.ToArray(), repeat: false, cancellationToken);

    /// <summary>Ends the user's membership. Not repeated by itself.</summary>
    /// <exception cref="RealtimeException">
    /// The server refused (<c>conflict</c> for the last owner), or the connection was lost before the reply.
    /// </exception>
    public Task LeaveAsync(CancellationToken cancellationToken = default) => RequestAsync("leave"u8.ToArray(), repeat: false, cancellationToken);
}
