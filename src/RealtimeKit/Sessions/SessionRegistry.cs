using System.Collections.Concurrent;

namespace RealtimeKit.Sessions;

/// <summary>The open connections of this node. Safe for concurrent use.</summary>
internal sealed class SessionRegistry
{
    private readonly ConcurrentDictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private volatile bool _stopping;

    public ICollection<Session> All => _sessions.Values;

    /// <summary>Whether new connections are served; false once the node goes away.</summary>
    public bool IsAccepting => !_stopping;

    public void StopAccepting() => _stopping = true;

    public void Add(Session session) => _sessions[session.Id] = session;

    public void Remove(Session session) => _sessions.TryRemove(session.Id, out _);
}
