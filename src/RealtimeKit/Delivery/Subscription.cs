using RealtimeKit.Presence;
using RealtimeKit.Protocol;

namespace RealtimeKit.Delivery;

/// <summary>
/// One connection's cursor in one channel. The lock of its output guards all of it but <see cref="Round"/>, which the
/// channel's lock guards.
/// </summary>
/// <param name="user">The connection's user.</param>
/// <param name="output">Where it is written to.</param>
/// <param name="channel">The channel.</param>
/// <param name="cursor">The position after which it reads.</param>
/// <param name="reader">Whose it is.</param>
internal sealed class Subscription(
    ConnectedUser user, SessionOutput output, LocalChannel channel, ChannelPosition cursor, IReader reader) : Participant(user)
{
    private int _marked;

    public SessionOutput Output { get; } = output;

    public LocalChannel Channel { get; } = channel;

    public string Epoch { get; } = cursor.Epoch;

    /// <summary>The highest version that was written to the client.</summary>
    public long Cursor = cursor.Version;

    /// <summary>What is to be read from the store before events may follow, if anything.</summary>
    public CatchUp? CatchUp { get; set; }

    /// <summary>A page that was read and is to be written next.</summary>
    public CatchUpPage? Page { get; set; }

    /// <summary>Whether a page is being read.</summary>
    public bool Reading { get; set; }

    public bool Ended { get; set; }

    /// <summary>When it was noted that there is something to send, if that is being measured, else 0.</summary>
    public long MarkedAt { get; set; }

    /// <summary>The next in the output's queue of subscriptions that have something to send.</summary>
    public Subscription? NextMoved { get; set; }

    /// <summary>The last round of the channel in which this reader was level with its head.</summary>
    public long Round { get; set; } = -1;

    /// <summary>Ends it because the client may not have it any more, or because its channel is gone.</summary>
    public void Revoke(string reason) => reader.Revoke(this, reason);

    /// <summary>Notes that there is something to send.</summary>
    /// <returns>Whether it was not noted already.</returns>
    public bool TryMark() => Volatile.Read(ref _marked) == 0 && Interlocked.Exchange(ref _marked, 1) == 0;

    /// <summary>Takes the note back, before looking: what comes after is noted again.</summary>
    public void Unmark() => Interlocked.Exchange(ref _marked, 0);
}

/// <summary>Whoever the messages are delivered to: a session.</summary>
internal interface IReader
{
    /// <summary>Ends it, because a write to its connection failed.</summary>
    void Lose(Exception failure);

    /// <summary>Ends one of its subscriptions, because it may not have it any more or the channel is gone, and says why.</summary>
    void Revoke(Subscription subscription, string reason);
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
