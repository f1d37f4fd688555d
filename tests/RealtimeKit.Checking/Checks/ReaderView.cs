using RealtimeKit.Checking.History;

namespace RealtimeKit.Checking.Checks;

/// <summary>
/// A channel as one client shows it: what came as new, and how each message is now. It checks at once what can be told at
/// once; the rest is compared with the log in the end.
/// </summary>
internal sealed class ReaderView(string reader, string channel, Ledger ledger, Agreement agreement, Findings findings)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<long, Stamp> _present = [];
    private long _last;
    private long _highest;

    public string Reader => reader;

    public string Channel => channel;

    /// <summary>How many messages it shows.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _present.Count;
        }
    }

    /// <summary>The highest sequence that it shows.</summary>
    public long Highest
    {
        get
        {
            lock (_gate) return _highest;
        }
    }

    public IReadOnlyDictionary<long, Stamp> Present
    {
        get
        {
            lock (_gate) return new Dictionary<long, Stamp>(_present);
        }
    }

    /// <summary>A client library handed a message over as new: each exactly once, in order, without a gap.</summary>
    public void Posted(Entry entry)
    {
        lock (_gate)
        {
            findings.Count(Check.Duplicate);
            if (entry.Sequence <= _last) findings.Violate(Check.Duplicate, $"{reader} was given {channel} {entry.Sequence} as new after {_last}");
            else if (entry.Sequence > _last + 1) findings.Violate(Check.Complete, $"{reader} was given {channel} {entry.Sequence} after {_last}");
            _last = Math.Max(_last, entry.Sequence);
        }

        Put(entry);
    }

    /// <summary>A message is now like this.</summary>
    public void Put(Entry entry)
    {
        var stamp = entry.Stamp();
        findings.Require(Check.Phantom, ledger.Knows(entry), () => $"{reader} was shown what nobody sent: {entry.Describe()}");
        agreement.Note(channel, stamp, reader);
        lock (_gate)
        {
            _present[entry.Sequence] = stamp;
            _highest = Math.Max(_highest, entry.Sequence);
        }
    }

    /// <summary>A message has other reactions now.</summary>
    public void React(long sequence, long version, IReadOnlyList<Reaction> reactions)
    {
        var digest = Reaction.DigestOf(reactions);
        agreement.NoteReactions(channel, sequence, version, digest, reader);
        lock (_gate)
        {
            if (_present.TryGetValue(sequence, out var stamp)) _present[sequence] = stamp with { Version = version, Reactions = digest };
            else findings.Violate(Check.Complete, $"{reader} was given reactions to {channel} {sequence}, which it does not have");
        }
    }

    /// <summary>Whether it shows a message.</summary>
    public bool Holds(long sequence)
    {
        lock (_gate) return _present.ContainsKey(sequence);
    }

    /// <summary>Any sequence that it shows.</summary>
    public long? Any(Random random)
    {
        lock (_gate) return _highest == 0 ? null : Math.Max(1, _highest - random.Next(50));
    }
}
