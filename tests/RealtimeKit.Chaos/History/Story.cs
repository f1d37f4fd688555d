using System.Collections.Concurrent;
using System.Globalization;

namespace RealtimeKit.Chaos.History;

/// <summary>Every step in the order of time, for whoever looks for the cause of a failure.</summary>
internal sealed class Story
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly long _begin = TimeProvider.System.GetTimestamp();

    public IEnumerable<string> Lines => _lines;

    public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(_begin);

    public void Tell(string step) => _lines.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{Elapsed.TotalSeconds:f3} {step}"));

    /// <summary>Tells it on the console too.</summary>
    public void Say(string step)
    {
        Tell(step);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Elapsed.TotalSeconds,7:f1} s  {step}"));
    }
}
