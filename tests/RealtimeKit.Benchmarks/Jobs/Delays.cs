using System.Diagnostics;

namespace RealtimeKit.Benchmarks.Jobs;

/// <summary>When each message was sent, and how long each delivery took, in buckets that are at most 3 % wide.</summary>
internal sealed class Delays(int publishers)
{
    private const int Remembered = 1 << 17;
    private const int Parts = 32;

    private readonly long[][] _sent = [.. Enumerable.Range(0, publishers).Select(static _ => new long[Remembered])];
    private readonly long[] _buckets = new long[64 * Parts];
    private long _count;

    public void Sent(int publisher, int counter) => _sent[publisher][counter % Remembered] = Stopwatch.GetTimestamp();

    public void Received(int publisher, int counter)
    {
        var microseconds = (long)Stopwatch.GetElapsedTime(_sent[publisher][counter % Remembered]).TotalMicroseconds + Parts;
        var power = 63 - System.Numerics.BitOperations.LeadingZeroCount((ulong)microseconds);
        _buckets[(power * Parts) + (int)((microseconds >> (power - 5)) & (Parts - 1))]++;
        _count++;
    }

    public double Quantile(double part)
    {
        var left = (long)(_count * part);
        for (var i = 0; i < _buckets.Length; i++)
            if ((left -= _buckets[i]) < 0)
                return ((Math.Pow(2, i / Parts) * (1 + ((i % Parts) / (double)Parts))) - Parts) / 1000;
        return double.NaN;
    }
}
