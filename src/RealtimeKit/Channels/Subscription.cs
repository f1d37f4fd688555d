using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// One session's cursor in one channel. The session's lock guards all of it but <see cref="Round"/>, which belongs to the
/// channel's.
/// </summary>
internal sealed class Subscription(Session session, LocalChannel channel, string epoch, long cursor)
{
    private int _marked;

    public Session Session { get; } = session;

    public LocalChannel Channel { get; } = channel;

    public string Epoch { get; } = epoch;

    /// <summary>The highest version that was written to the client.</summary>
    public long Cursor = cursor;

    /// <summary>What is to be read from the store before events may follow, if anything.</summary>
    public CatchUp? CatchUp { get; set; }

    /// <summary>A page that was read and is to be written next.</summary>
    public CatchUpPage? Page { get; set; }

    /// <summary>Whether a page is being read.</summary>
    public bool Reading { get; set; }

    public bool Ended { get; set; }

    /// <summary>How the channel's presence counts it; the presence's lock guards it.</summary>
    public PresenceMark Mark { get; set; }

    /// <summary>When it was noted that there is something to send, if that is being measured, else 0.</summary>
    public long MarkedAt { get; set; }

    /// <summary>The next in the session's queue of channels that moved.</summary>
    public Subscription? NextMoved { get; set; }

    /// <summary>The last round of the channel in which this reader was level with its head.</summary>
    public long Round { get; set; } = -1;

    /// <summary>Notes that there is something to send.</summary>
    /// <returns>Whether it was not noted already.</returns>
    public bool TryMark() => Volatile.Read(ref _marked) == 0 && Interlocked.Exchange(ref _marked, 1) == 0;

    /// <summary>Takes the note back, before looking: what comes after is noted again.</summary>
    public void Unmark() => Interlocked.Exchange(ref _marked, 0);
}

/// <summary>What a reader who is not level reads next.</summary>
/// <param name="After">The version after which changes are read; -1 before the first page of the last messages.</param>
/// <param name="FromSequence">While the last messages are being shown: the sequence to go on from; else 0.</param>
internal sealed record CatchUp(long After, long FromSequence = 0);

/// <summary>A page ready to be written.</summary>
/// <param name="Frame">The encoded <c>changes</c>; disposed of when written.</param>
/// <param name="Cursor">The cursor behind it.</param>
/// <param name="Next">What is to be read after it, or <see langword="null"/> where the reader is level with the store.</param>
internal sealed record CatchUpPage(FrameBuffer Frame, long Cursor, CatchUp? Next);
