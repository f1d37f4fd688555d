using RealtimeKit.Checking.History;

namespace RealtimeKit.Checking.Checks;

/// <summary>How each client's screen and each send stands in the end.</summary>
internal sealed class EndChecks(Ledger ledger, Findings findings)
{
    /// <summary>Every client shows each of its channels as the log has it, edits, deletions and reactions included.</summary>
    public void Complete(IEnumerable<ReaderView> views, IReadOnlyDictionary<string, IReadOnlyList<Entry>> log)
    {
        foreach (var view in views)
        {
            var present = view.Present;
            var entries = log[view.Channel];
            foreach (var entry in entries)
            {
                var stamp = entry.Stamp();
                findings.Require(
                    Check.Complete, present.TryGetValue(entry.Sequence, out var shown) && shown == stamp,
                    () => $"{view.Reader} shows {(present.TryGetValue(entry.Sequence, out var other) ? other : "nothing")} for {stamp}: {entry.Describe()}");
            }

            findings.Require(
                Check.Phantom, present.Count <= entries.Count,
                () => $"{view.Reader} shows {present.Count} messages in {view.Channel}, and the log has {entries.Count}");
        }
    }

    /// <summary>Every send ended with an acknowledgement or an error.</summary>
    public void Settled()
    {
        foreach (var send in ledger.Sends)
            findings.Require(Check.Live, send.IsSettled, () => $"{send.Channel}: {send.Id} of {send.Sender} got neither an acknowledgement nor an error");
    }
}
