namespace RealtimeKit.Checking.History;

/// <summary>One message from its sender's side: what was asked, when, and everything that was answered.</summary>
internal sealed class Send(Guid id, string channel, string client, string sender, int? number, string text, long beganAt)
{
    private readonly Lock _gate = new();
    private readonly List<Acknowledgement> _acknowledgements = [];

    public Guid Id => id;

    public string Channel => channel;

    /// <summary>The client that sends it; one user may have several.</summary>
    public string Client => client;

    public string Sender => sender;

    /// <summary>Its place among the client's messages to the channel; nothing where the order of it was not promised.</summary>
    public int? Number { get; private set; } = number;

    public string Text => text;

    /// <summary>When it was first handed over.</summary>
    public long BeganAt => beganAt;

    /// <summary>How often it was handed to a connection, as far as its sender knows; 0 where the client does not tell.</summary>
    public int Attempts { get; private set; }

    /// <summary>The error that refused it for good.</summary>
    public string? Refused { get; private set; }

    /// <summary>Whether its sender gave up: it may be stored or not.</summary>
    public bool Abandoned { get; private set; }

    /// <summary>When it was first acknowledged.</summary>
    public long? AcknowledgedAt { get; private set; }

    public bool IsSettled
    {
        get
        {
            lock (_gate) return _acknowledgements.Count > 0 || Refused is not null || Abandoned;
        }
    }

    public IReadOnlyList<Acknowledgement> Acknowledgements
    {
        get
        {
            lock (_gate) return [.. _acknowledgements];
        }
    }

    public void Try()
    {
        lock (_gate) Attempts++;
    }

    public void Acknowledge(long sequence, bool duplicate, long at)
    {
        lock (_gate)
        {
            _acknowledgements.Add(new Acknowledgement(sequence, duplicate));
            AcknowledgedAt ??= at;
        }
    }

    public void Refuse(string code)
    {
        lock (_gate) Refused ??= code;
    }

    /// <summary>Its place among its client's messages is not promised.</summary>
    public void LeaveOrder()
    {
        lock (_gate) Number = null;
    }

    public void Abandon()
    {
        lock (_gate) (Abandoned, Number) = (true, null);
    }
}

/// <summary>What a sender was told.</summary>
internal sealed record Acknowledgement(long Sequence, bool Duplicate);
