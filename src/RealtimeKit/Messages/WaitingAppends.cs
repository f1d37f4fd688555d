using System.Runtime.InteropServices;

namespace RealtimeKit.Messages;

/// <summary>
/// The changes that wait for a commit: each user's in their order, and the users in turns, so that nobody waits behind all that another
/// one has sent over many connections. Not safe for concurrent use: the append queue's lock guards it.
/// </summary>
/// <remarks>
/// Who has few changes waiting comes before those who have many, but not with more changes than these. A turn is
/// long: what one user sent lies together in the store and is answered together, which costs far less than a change of each in turn.
/// As FQ-CoDel (RFC 8290) does with packets, but who is light is told by what waits.
/// </remarks>
internal sealed class WaitingAppends
{
    private const int Few = 8;
    private const int TurnChanges = 64;
    private const int TurnBytes = 256 * 1_024;

    private readonly Dictionary<string, UserAppends> _users = new(StringComparer.Ordinal);
    // Each user is in one of them. Who has become heavy leaves the first one when the turn comes.
    private readonly Queue<string> _light = new();
    private readonly Queue<string> _heavy = new();
    // How many changes of light users may still come before a heavy one's, which give as many back.
    private int _lightChanges = TurnChanges;

    public int Count { get; private set; }

    /// <summary>The bytes of their content.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether a change of that user waits.</summary>
    public bool Has(string user) => _users.ContainsKey(user);

    public void Add(PendingAppend append)
    {
        Count++;
        Bytes += append.Bytes;
        ref var user = ref CollectionsMarshal.GetValueRefOrAddDefault(_users, append.User, out _);
        if (user.First is not null) user.Last.Next = append;
        else user.First = append;
        user.Last = append;
        user.Count++;
        if (!user.IsQueued && !user.IsHeld) Enqueue(_light, append.User, ref user);
    }

    /// <summary>Keeps a user's changes from being taken until <see cref="Release"/>.</summary>
    public void Hold(string user) => CollectionsMarshal.GetValueRefOrAddDefault(_users, user, out _).IsHeld = true;

    /// <summary>Lets a user's changes be taken again, these before those that wait.</summary>
    public void Release(string user, IReadOnlyList<PendingAppend> first)
    {
        ref var held = ref CollectionsMarshal.GetValueRefOrNullRef(_users, user);
        held.IsHeld = false;
        for (var i = first.Count - 1; i >= 0; i--)
        {
            first[i].Next = held.First;
            if (held.First is null) held.Last = first[i];
            held.First = first[i];
            held.Count++;
            Count++;
            Bytes += first[i].Bytes;
        }

        if (held.IsQueued) return;
        if (held.Count > 0) Enqueue(_light, user, ref held);
        else _users.Remove(user);
    }

    /// <summary>Moves the next ones into a batch, as many and as much as it may hold, but one at least where one waits.</summary>
    public void Fill(List<PendingAppend> batch, int mostChanges, int mostBytes)
    {
        var bytes = 0;
        while (batch.Count < mostChanges && NextTurn() is { } turns)
        {
            var name = turns.Peek();
            ref var user = ref CollectionsMarshal.GetValueRefOrNullRef(_users, name);
            var (taken, before) = (0, bytes);
            var fits = true;
            while (user.First is { } append && taken < TurnChanges && bytes - before < TurnBytes && batch.Count < mostChanges)
            {
                fits = batch.Count == 0 || bytes + append.Bytes <= mostBytes;
                if (!fits) break;
                (user.First, append.Next) = (append.Next, null);
                bytes += append.Bytes;
                taken++;
                batch.Add(append);
            }

            user.Count -= taken;
            Count -= taken;
            Bytes -= bytes - before;
            _lightChanges = Math.Clamp(turns == _heavy ? _lightChanges + taken : _lightChanges - taken, 0, TurnChanges);
            // Who had nothing of the turn has it in the next batch.
            if (taken > 0) EndTurn(turns, user.Count);
            if (!fits) return;
        }
    }

    private Queue<string>? NextTurn()
    {
        while (_light.TryPeek(out var user) && (_users[user].IsHeld || _users[user].Count > Few))
        {
            if (!DequeueHeld(_light)) _heavy.Enqueue(_light.Dequeue());
        }

        while (_heavy.Count > 0 && DequeueHeld(_heavy))
        {
        }

        if (_heavy.Count == 0) return _light.Count > 0 ? _light : null;
        return _light.Count > 0 && _lightChanges > 0 ? _light : _heavy;
    }

    // Who is held comes into a queue again when released.
    private bool DequeueHeld(Queue<string> turns)
    {
        ref var user = ref CollectionsMarshal.GetValueRefOrNullRef(_users, turns.Peek());
        if (!user.IsHeld) return false;
        user.IsQueued = false;
        turns.Dequeue();
        return true;
    }

    private static void Enqueue(Queue<string> turns, string name, ref UserAppends user)
    {
        user.IsQueued = true;
        turns.Enqueue(name);
    }

    private void EndTurn(Queue<string> turns, int left)
    {
        var user = turns.Dequeue();
        if (left > 0) _heavy.Enqueue(user);
        else _users.Remove(user);
    }

    private struct UserAppends
    {
        public PendingAppend? First;
        public PendingAppend Last;
        public int Count;
        public bool IsQueued;
        public bool IsHeld;
    }
}
