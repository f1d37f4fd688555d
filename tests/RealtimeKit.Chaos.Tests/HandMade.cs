using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.History;

namespace RealtimeKit.Chaos.Tests;

/// <summary>A small history made by hand: three messages of one channel, sent, stored and read as they must be.</summary>
internal sealed class HandMade
{
    public const string Channel = "channel";
    private long _time = 1;

    public HandMade()
    {
        Ledger = new Ledger(() => _time++);
        Agreement = new Agreement(Findings);
        View = new ReaderView("reader", Channel, Ledger, Agreement, Findings);
        for (var n = 1; n <= 3; n++) Log.Add(Stored(Sent(n), n));
    }

    public Findings Findings { get; } = new();

    public Ledger Ledger { get; }

    public Agreement Agreement { get; }

    public ReaderView View { get; }

    public List<Entry> Log { get; set; } = [];

    /// <summary>Checks the log and what the reader shows, having been told all of the log but what was put before.</summary>
    public Findings Check(bool read = true, bool givenUpIsOver = false)
    {
        if (read)
            foreach (var entry in Log.Skip((int)View.Highest)) View.Posted(entry);
        var log = new Dictionary<string, IReadOnlyList<Entry>> { [Channel] = Log };
        new LogChecks(Ledger, Agreement, Findings, givenUpIsOver).Run(log);
        new OrderCheck(Ledger, Findings).Run(log);
        new EndChecks(Ledger, Findings).Complete([View], log);
        new EndChecks(Ledger, Findings).Settled();
        return Findings;
    }

    /// <summary>A message that was sent and acknowledged with this sequence, or with none.</summary>
    public Send Sent(int? sequence, int? number = null)
    {
        var send = Ledger.Begin(Guid.CreateVersion7(), Channel, "client", "user", number ?? sequence, $"text {sequence}");
        send.Try();
        if (sequence is { } acknowledged) Ledger.Acknowledge(send, acknowledged, duplicate: false);
        return send;
    }

    public static Entry Stored(Send send, long sequence, long? version = null) => new()
    {
        Id = send.Id,
        Channel = Channel,
        Sequence = sequence,
        Version = version ?? sequence,
        Sender = send.Sender,
        Time = DateTimeOffset.UnixEpoch,
        Text = send.Text,
    };

    public Send SendOf(int sequence) => Ledger.Find(Log[sequence - 1].Id)!;
}
