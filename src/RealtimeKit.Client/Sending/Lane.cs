namespace RealtimeKit.Client;

/// <summary>
/// The messages to one channel, in the order in which they were sent. The first of them are under way as one window; the
/// next window goes only when each of these has its answer.
/// </summary>
/// <remarks>
/// A server refuses, with a message that it cannot store now, those behind it that it has received already, and nothing
/// more. A message sent a moment later would be stored ahead of the refused one. A window travels in one transport
/// message, so that it is received as a whole, and what gathers behind it waits: retries cannot reorder. This costs no
/// throughput to speak of, because what is under way at once is bounded anyhow.
/// </remarks>
internal sealed class Lane(string channel, Backoff backoff)
{
    public string Channel => channel;

    public Backoff Backoff => backoff;

    public LinkedList<PendingSend> Messages { get; } = [];

    /// <summary>How many of the window wait for their reply.</summary>
    public int Outstanding { get; set; }

    /// <summary>The window was refused for now: the longest wait that the server asked for.</summary>
    public TimeSpan? RefusedFor { get; set; }

    /// <summary>Why it was refused.</summary>
    public string RefusedCode { get; set; } = "";

    /// <summary>Wakes the lane after a refusal.</summary>
    public ITimer? Timer { get; set; }

    /// <summary>Whether it is in the queue for the next window.</summary>
    public bool InLine { get; set; }

    public bool IsReady => Messages.Count > 0 && Outstanding == 0 && Timer is null && !InLine;
}
