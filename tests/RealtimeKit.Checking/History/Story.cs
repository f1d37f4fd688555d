using System.Collections.Concurrent;
using System.Globalization;

namespace RealtimeKit.Checking.History;

/// <summary>Every step in the order of time, for whoever looks for the cause of a failure.</summary>
internal sealed class Story(TimeProvider time, bool quiet = false)
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly long _begin = time.GetTimestamp();

    /// <summary>Whether anybody is told.</summary>
    public bool IsTold { get; init; } = true;

    public IEnumerable<string> Lines => _lines;

    public TimeSpan Elapsed => time.GetElapsedTime(_begin);

    public void Tell(string step)
    {
        if (IsTold) _lines.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{Elapsed.TotalSeconds:f3} {step}"));
    }

    /// <summary>Tells it on the console too, unless the story is kept quietly.</summary>
    public void Say(string step)
    {
        Tell(step);
        if (!quiet) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Elapsed.TotalSeconds,7:f1} s  {step}"));
    }
}
