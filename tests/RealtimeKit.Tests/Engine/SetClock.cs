using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>
/// A clock that is set while the process runs, as by an administrator or by a synchronization after a long sleep: the time of day
/// jumps, while timestamps and timers go on as before.
/// </summary>
internal sealed class SetClock(TimeProvider inner) : TimeProvider
{
    /// <summary>The environment variable with which a whole run of tests has clocks that are set again and again.</summary>
    private const string Variable = "REALTIMEKIT_TEST_CLOCK";

    private static readonly TimeSpan Furthest = TimeSpan.FromDays(400);

    private readonly Lock _gate = new();
    private Random? _random;
    private TimeSpan _shift;

    public override TimeZoneInfo LocalTimeZone => inner.LocalTimeZone;

    public override long TimestampFrequency => inner.TimestampFrequency;

    /// <summary>
    /// The clock itself or, where the run wants it, one that is set before every reading. A test that brings a clock of this class
    /// sets it itself.
    /// </summary>
    public static TimeProvider Of(TimeProvider clock)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not "set" || clock is SetClock) return clock;
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed of the clock {seed}");
        return new SetClock(clock) { _random = new Random(seed) };
    }

    /// <summary>Sets the clock so far forward, or back.</summary>
    public void Set(TimeSpan by)
    {
        lock (_gate) _shift += by;
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            if (_random is not null) _shift = Furthest * ((2 * _random.NextDouble()) - 1);
            return inner.GetUtcNow() + _shift;
        }
    }

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        inner.CreateTimer(callback, state, dueTime, period);
}
