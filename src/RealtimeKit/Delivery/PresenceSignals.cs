using RealtimeKit.Protocol;

namespace RealtimeKit.Delivery;

/// <summary>Signals of the users of one channel whose status changed, encoded once for all readers. Each user receives those of the others.</summary>
internal sealed class PresenceSignals
{
    private readonly FrameBuffer _frames = new();
    private readonly Dictionary<string, Range> _places = new(StringComparer.Ordinal);

    public bool IsEmpty => _places.Count == 0;

    public void Add(string channel, string user, string status)
    {
        var start = _frames.Length;
        ServerEvents.Presence(_frames, channel, user, status);
        _places[user] = start.._frames.Length;
    }

    public void SendTo(Subscription reader)
    {
        var frames = _frames.WrittenSpan;
        var own = _places.GetValueOrDefault(reader.User.Name);
        reader.Output.Signal(frames[..own.Start], frames[own.End..]);
        // Written at once: after a storm thousands of buffers would otherwise wait for a turn at the same time.
        reader.Output.WriteAnswers();
    }

    public void Clear()
    {
        _frames.Dispose();
        _places.Clear();
    }
}
