using RealtimeKit.Protocol;

namespace RealtimeKit.Delivery;

/// <summary>
/// The latest events of one channel, encoded, up to the head: a frame for each version, or one for several and then nothing for the rest of them. Not safe for concurrent use: its
/// channel's lock guards it.
/// </summary>
internal sealed class Tail(TailBudget budget)
{
    // More than this in one frame is left to the readers.
    private const int MostInRange = 1_024;

    private byte[][] _frames = [];
    private int _first;
    private int _count;
    private int _bytes;

    // How many entries the latest frame has.
    private int _newest;
    private int _trimAt = budget.PerChannel;

    /// <summary>The highest version that the channel is known to have; -1 while nothing is known.</summary>
    public long Head { get; private set; } = -1;

    /// <summary>The version before the oldest event that is kept: a cursor below it has to read from the store.</summary>
    public long Floor => Head - _count;

    /// <summary>Takes the next event. After a hole the tail begins anew with it; what is behind the head is ignored.</summary>
    /// <returns>Whether the head moved.</returns>
    public bool Add(long version, byte[] frame)
    {
        if (version <= Head) return false;
        if (version != Head + 1) Release();
        Head = version - 1;
        _newest = 1;
        Push(frame);
        return true;
    }

    /// <summary>Takes one frame for all versions up to <paramref name="version"/>: a reader gets it whole or not at all.</summary>
    public void AddRange(long version, byte[] frame)
    {
        var count = version - Head;
        if (count > MostInRange)
        {
            Observe(version);
            return;
        }

        _newest = (int)count;
        Push(frame);
        for (var i = 1; i < count; i++) Push([]);
    }

    /// <summary>Whether a reader with this cursor can go on from here.</summary>
    public bool CanTake(long cursor) =>
        cursor >= Head || (cursor >= Floor && Frame(_first + (int)(cursor - Floor)).Length > 0);

    /// <summary>Whether it holds more than the channel's share and is to be trimmed; it looks anew after each sixteenth of the share.</summary>
    public bool IsOver => _count > _newest && (_bytes > _trimAt || budget.IsSpent);

    /// <summary>Drops the oldest events beyond the channel's share up to a version that readers have passed, and all beyond the node's share.</summary>
    public void Trim(long passed)
    {
        // The newest stay whatever their size, or no live reader would ever be served from the tail.
        while (_count > _newest && (budget.IsSpent || (_bytes > budget.PerChannel && Floor < passed))) DropOldest();
        _trimAt = Math.Max(budget.PerChannel, _bytes) + (budget.PerChannel / 16);
    }

    /// <summary>Takes from the store that the channel is at <paramref name="version"/>.</summary>
    /// <returns>Whether the head moved.</returns>
    public bool Observe(long version)
    {
        if (version <= Head) return false;
        Release();
        Head = version;
        return true;
    }

    /// <summary>Clears the events and the head.</summary>
    public void Reset()
    {
        Release();
        Head = -1;
    }

    /// <summary>Goes back from a head that was known to a lower one, unless there is another by now.</summary>
    public void GoBack(long known, long version)
    {
        if (Head != known) return;
        Release();
        Head = version;
    }

    /// <summary>Copies events after <paramref name="cursor"/> and moves it, until the head or about <paramref name="most"/> bytes.</summary>
    /// <returns>How many were copied; the cursor must not be below the floor.</returns>
    public int Take(ref long cursor, FrameBuffer output, int most)
    {
        // The size is measured first, so that the buffer grows once instead of doubling repeatedly.
        var first = _first + (int)(cursor - Floor);
        var room = most - output.Length;
        var (count, bytes) = (0, 0);
        for (; count < Head - cursor && bytes < room; count++) bytes += Frame(first + count).Length;
        // What a frame covers is taken with it.
        while (count > 0 && count < Head - cursor && Frame(first + count).Length == 0) count++;
        if (count == 0) return 0;
        output.Reserve(bytes);
        for (var i = 0; i < count; i++) output.Append(Frame(first + i));
        cursor += count;
        return count;
    }

    /// <summary>Forgets the events and keeps the head: every reader has passed them.</summary>
    public void Release()
    {
        budget.Add(-_bytes);
        if (_frames.Length > 16) _frames = [];
        else Array.Clear(_frames);
        _first = _count = _bytes = 0;
        _trimAt = budget.PerChannel;
    }

    private void Push(byte[] frame)
    {
        Head++;
        if (_count == _frames.Length) Grow();
        _frames[(_first + _count++) & (_frames.Length - 1)] = frame;
        _bytes += frame.Length;
        budget.Add(frame.Length);
    }

    private byte[] Frame(int index) => _frames[index & (_frames.Length - 1)];

    private void DropOldest()
    {
        ref var oldest = ref _frames[_first];
        _bytes -= oldest.Length;
        budget.Add(-oldest.Length);
        oldest = null!;
        _first = (_first + 1) & (_frames.Length - 1);
        _count--;
    }

    private void Grow()
    {
        var larger = new byte[Math.Max(4, _frames.Length * 2)][];
        for (var i = 0; i < _count; i++) larger[i] = _frames[(_first + i) & (_frames.Length - 1)];
        _frames = larger;
        _first = 0;
    }
}

/// <summary>
/// How many bytes the tails of a node may hold, each and together. A tail may have more than its share for readers whose
/// sockets take bytes: they are not to be served from the store because the node is late.
/// </summary>
internal sealed class TailBudget(int perChannel, long perNode)
{
    private long _held;

    public int PerChannel => perChannel;

    /// <summary>How many bytes the tails hold.</summary>
    public long Used => Volatile.Read(ref _held);

    public bool IsSpent => Used > perNode;

    public void Add(int bytes) => Interlocked.Add(ref _held, bytes);
}
