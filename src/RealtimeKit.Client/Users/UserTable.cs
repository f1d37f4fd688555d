using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>
/// The users that the application asked for last. The server sends what changes of them for as long as a connection lasts, so each new
/// connection asks for them again.
/// </summary>
internal sealed class UserTable(RequestIds ids, Action<UserProfile> changed) : IConnectionPart
{
    private readonly Lock _gate = new();
    private readonly LinkedList<string> _order = [];
    private readonly Dictionary<string, (LinkedListNode<string> Place, UserProfile? Profile)> _users = new(StringComparer.Ordinal);
    private readonly HashSet<long> _asked = [];

    /// <summary>Notes whom the application asks for.</summary>
    public void Ask(IEnumerable<string> users)
    {
        lock (_gate)
        {
            foreach (var user in users)
            {
                var profile = _users.Remove(user, out var known) ? known.Profile : null;
                if (known.Place is not null) _order.Remove(known.Place);
                _users.Add(user, (_order.AddLast(user), profile));
                if (_order.Count <= ProtocolConstants.MaxWatchedUsers) continue;
                _users.Remove(_order.First!.Value);
                _order.RemoveFirst();
            }
        }
    }

    /// <summary>What is known of a user now, which may be newer than a reply of the server.</summary>
    public UserProfile Latest(UserProfile profile)
    {
        lock (_gate) return _users.TryGetValue(profile.User, out var known) && known.Profile is { } latest ? latest : profile;
    }

    /// <summary>Takes what changed.</summary>
    public void Take(UserProfile profile)
    {
        lock (_gate) TryReplaceLocked(profile);
        changed(profile);
    }

    public void Attach(ServerConnection connection, ConnectedFrame connected)
    {
        lock (_gate)
        {
            // Those asked for last come last, so that the server forgets the same ones.
            foreach (var piece in _order.Chunk(ProtocolConstants.MaxUsersPerRequest))
            {
                var id = ids.Next();
                using var frame = new FrameBuffer();
                ClientRequests.Profiles(frame, id, piece);
                _asked.Add(id);
                connection.Post(frame.WrittenSpan.ToArray());
            }
        }
    }

    public void Detach()
    {
        lock (_gate) _asked.Clear();
    }

    public void Close(RealtimeException? error) => Detach();

    public bool TryTake(ServerReply reply)
    {
        List<UserProfile> news = [];
        lock (_gate)
        {
            // Also of a request that the application waits for, and before it gets the reply: a frame behind that is newer.
            if (reply is UsersFrame { Users: var users }) news.AddRange(users.Where(TryReplaceLocked));
            // A refusal, such as for asking too much, leaves what is known.
            if (!_asked.Remove(reply.Id)) return false;
        }

        foreach (var profile in news) changed(profile);
        return true;
    }

    private bool TryReplaceLocked(UserProfile profile)
    {
        if (!_users.TryGetValue(profile.User, out var known) || known.Profile == profile) return false;
        _users[profile.User] = (known.Place, profile);
        return true;
    }
}
