using RealtimeKit.Checking.History;

namespace RealtimeKit.Checking.Checks;

/// <summary>
/// A send that was acknowledged before another began has the lower sequence, whoever sent the two and through whichever
/// nodes; and one client's messages stand in the order in which they were handed over.
/// </summary>
internal sealed class OrderCheck(Ledger ledger, Findings findings)
{
    public void Run(IReadOnlyDictionary<string, IReadOnlyList<Entry>> log)
    {
        foreach (var (channel, entries) in log)
        {
            var sends = entries
                .Select(entry => (entry.Sequence, Send: ledger.Find(entry.Id)))
                .Where(pair => pair.Send is not null)
                .Select(pair => (pair.Sequence, Send: pair.Send!))
                .ToList();
            CheckTimes(channel, sends);
            CheckClients(channel, sends);
        }
    }

    // One sweep through time, with the highest sequence that had been acknowledged until then.
    private void CheckTimes(string channel, List<(long Sequence, Send Send)> sends)
    {
        var acknowledged = sends.Where(one => one.Send.AcknowledgedAt is not null).OrderBy(one => one.Send.AcknowledgedAt).ToList();
        var next = 0;
        (long Sequence, Send? Send) highest = default;
        foreach (var (sequence, send) in sends.OrderBy(one => one.Send.BeganAt))
        {
            for (; next < acknowledged.Count && acknowledged[next].Send.AcknowledgedAt < send.BeganAt; next++)
                if (acknowledged[next].Sequence > highest.Sequence) highest = acknowledged[next];
            findings.Require(
                Check.Order, sequence > highest.Sequence,
                () => $"{channel}: {highest.Sequence} ({highest.Send!.Id}) was acknowledged before {sequence} ({send.Id}) began");
        }
    }

    private void CheckClients(string channel, List<(long Sequence, Send Send)> sends)
    {
        var last = new Dictionary<string, Send>();
        foreach (var (sequence, send) in sends.OrderBy(one => one.Sequence))
        {
            if (send.Number is null) continue;
            findings.Require(
                Check.Order, !last.TryGetValue(send.Client, out var before) || before.Number < send.Number,
                () => $"{channel} {sequence}: number {send.Number} of {send.Client} stands behind number {last[send.Client].Number}");
            last[send.Client] = send;
        }
    }
}
