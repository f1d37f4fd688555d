using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.History;

namespace RealtimeKit.Checking.Clients;

/// <summary>What the clients of a run share.</summary>
internal sealed record Scene(Ledger Ledger, Agreement Agreement, Findings Findings, Story Story, Pace Pace, TimeProvider Time)
{
    public Pending Pending { get; } = new();

    public ReaderView View(string reader, string channel) => new(reader, channel, Ledger, Agreement, Findings);

    /// <summary>Something unknown to every text so far, so that a text tells which request wrote it.</summary>
    public static string Text(string user, string what, Random random) => $"{user} {what} {random.NextInt64():x} {new string('x', random.Next(80))}";
}

/// <summary>Counts what is under way.</summary>
internal sealed class Pending
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public async Task Of(Task action)
    {
        Interlocked.Increment(ref _count);
        try
        {
            await action;
        }
        finally
        {
            Interlocked.Decrement(ref _count);
        }
    }
}
