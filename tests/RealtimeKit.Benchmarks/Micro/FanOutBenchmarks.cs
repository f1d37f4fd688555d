using System.Text;
using BenchmarkDotNet.Attributes;
using RealtimeKit.Delivery;
using RealtimeKit.Protocol;

namespace RealtimeKit.Benchmarks.Micro;

/// <summary>
/// The step that is done once for each reader: copying the events after its cursor out of the channel's tail into what it
/// is sent. The events are as long as those of a message of 128 bytes.
/// </summary>
[MemoryDiagnoser]
public class FanOutBenchmarks : IDisposable
{
    private const int Readers = 1000;
    private const int Most = 64 * 1024;

    private readonly Tail _tail = new(new TailBudget(perChannel: 256 * 1024, perNode: 64 * 1024 * 1024));
    private readonly FrameBuffer _output = new();

    /// <summary>How many events have gathered since the readers last wrote.</summary>
    [Params(1, 32)]
    public int Events { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        var frame = Encoding.UTF8.GetBytes(new string('x', 340));
        for (var version = 1; version <= Events; version++)
            _tail.Add(version, frame);
    }

    /// <summary>All of 1,000 readers; the time is that of one reader.</summary>
    [Benchmark(OperationsPerInvoke = Readers)]
    public int TakeAfterCursor()
    {
        var taken = 0;
        for (var i = 0; i < Readers; i++)
        {
            _output.Clear();
            var cursor = _tail.Floor;
            taken += _tail.Take(ref cursor, _output, Most);
        }

        return taken;
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _output.Dispose();
        GC.SuppressFinalize(this);
    }
}
