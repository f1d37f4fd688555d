using System.Collections.Concurrent;
using RealtimeKit.Client;
using RealtimeKit.Protocol;

namespace RealtimeKit.EndToEnd.Plug;

/// <summary>What was asked of the server and what it promised, as those know who asked. It holds nothing that was read.</summary>
internal sealed class Ledger
{
    private readonly ConcurrentDictionary<Guid, Posting> _postings = new();
    private readonly ConcurrentQueue<string> _story = new();
    private readonly long _begin = TimeProvider.System.GetTimestamp();

    public IEnumerable<Posting> Postings => _postings.Values;

    /// <summary>Every step in the order of time, for whoever looks for the cause of a failure.</summary>
    public IEnumerable<string> Story => _story;

    public Posting? Find(MessageId id) => _postings.GetValueOrDefault(id.Value);

    public Posting Post(string channel, string sender, int number, string text)
    {
        var posting = new Posting(channel, sender, number, MessageId.Create(), text);
        _postings[posting.Id.Value] = posting;
        Tell($"{sender} sends {channel} {posting.Id} number {number}");
        return posting;
    }

    public void Tell(string step) => _story.Enqueue($"{TimeProvider.System.GetElapsedTime(_begin).TotalSeconds:f4} {step}");
}

/// <summary>One message from its sender's side.</summary>
internal sealed class Posting(string channel, string sender, int number, MessageId id, string text)
{
    private readonly Lock _gate = new();
    private readonly List<string> _texts = [text];
    private readonly List<Reacting> _reactings = [];
    private int _confirmedText;

    public string Channel => channel;

    public string Sender => sender;

    /// <summary>Its place among the sender's messages to the channel, counted in the order of the calls.</summary>
    public int Number => number;

    public MessageId Id => id;

    public string OriginalText => text;

    public SentMessage? Acknowledged { get; set; }

    /// <summary>Whether nobody sends it again: without an acknowledgement it may be stored or not.</summary>
    public bool Abandoned { get; set; }

    public bool DeletionAsked { get; set; }

    public bool DeletionConfirmed { get; set; }

    /// <summary>Notes that an edit is asked for; the result is given to <see cref="EditConfirmed"/>.</summary>
    public int Edit(string next)
    {
        lock (_gate)
        {
            _texts.Add(next);
            return _texts.Count - 1;
        }
    }

    public void EditConfirmed(int edit)
    {
        lock (_gate) _confirmedText = edit;
    }

    /// <summary>Whether the message may say this now: the last confirmed text, or one that was asked for after it.</summary>
    public bool MaySay(string? present)
    {
        lock (_gate) return present is not null && _texts.LastIndexOf(present) >= _confirmedText;
    }

    public Reacting React(string user, string reaction)
    {
        var reacting = new Reacting(user, reaction);
        lock (_gate) _reactings.Add(reacting);
        return reacting;
    }

    public IReadOnlyList<Reacting> Reactings
    {
        get
        {
            lock (_gate) return [.. _reactings];
        }
    }
}

/// <summary>A reaction that was asked for; none is taken back in this test.</summary>
internal sealed class Reacting(string user, string reaction)
{
    public string User => user;

    public string Reaction => reaction;

    public bool Confirmed { get; set; }
}
