using System.Diagnostics;
using System.Globalization;
using RealtimeKit.Benchmarks.Processes;
using RealtimeKit.Benchmarks.Sockets;

namespace RealtimeKit.Benchmarks.Jobs;

/// <summary>
/// More than can be delivered, for a fixed time: in each channel a few publishers keep their window full. What is measured beside the
/// processor time is the delay from each publish to each reader's receipt, and what is left behind when the load ends.
/// </summary>
/// <param name="arguments">The command line.</param>
/// <param name="channels">How many channels there are.</param>
/// <param name="subscribers">How many clients are subscribed to each.</param>
/// <param name="untilReturned">
/// Whether a message is outstanding until its publisher has read it itself; else until it is acknowledged.
/// </param>
/// <param name="warm">Whether the server has had such a load before.</param>
/// <param name="trouble">What else goes on: <c>none</c>; <c>calm</c>, channels beside it in which little is said; and beside those
/// <c>store</c>, a store that takes long for each commit, <c>still</c>, a tenth of the readers that stop reading, or <c>connecting</c>, clients that come and go.</param>
internal sealed class SaturateJob(Arguments arguments, int channels, int subscribers, bool untilReturned, bool warm, string trouble) : IJob
{
    private static readonly TimeSpan LongestDrain = TimeSpan.FromMinutes(1);

    private readonly int _publishers = arguments.Number("publishers", 4);
    private readonly int _outstanding = arguments.Number("outstanding", 32);
    private readonly TimeSpan _time = TimeSpan.FromSeconds(arguments.Number("seconds", 20));

    public string Name => string.Create(CultureInfo.InvariantCulture,
        $"saturated {(warm ? "warm" : "cold")}: {channels} × {subscribers:n0} subscribers, {_publishers} publishers each with {_outstanding} outstanding until {(untilReturned ? "returned" : "acknowledged")}{(trouble == "none" ? "" : $", {trouble}")}");

    public string Unit => "server CPU s per million deliveries";

    public double Target => subscribers >= 1_000 ? 0.35 : 0.6;

    public int Channels => channels + CalmCount + (trouble == "connecting" ? 1 : 0);

    public IReadOnlyList<string> ServerArguments => trouble == "store" ? ["--commit-delay", arguments.Text("commit-delay", "100")] : [];

    private int CalmCount => trouble == "none" ? 0 : CalmChannels.Count;

    /// <summary>The variants that the command line names, as <c>1000a</c>: subscribers, then <c>a</c> (returned) or <c>b</c> (acknowledged); <c>10x1000b</c> for ten channels.</summary>
    public static IEnumerable<IJob> All(Arguments arguments)
    {
        foreach (var variant in arguments.Text("saturate", "100a,100b,1000a,1000b,10x1000b").Split(','))
        {
            var size = variant[..^1].Split('x').Select(static part => int.Parse(part, CultureInfo.InvariantCulture)).ToArray();
            foreach (var start in arguments.Text("from", "cold,warm").Split(','))
            foreach (var trouble in arguments.Text("with", "none").Split(','))
                yield return new SaturateJob(arguments, size.Length > 1 ? size[0] : 1, size[^1], variant[^1] == 'a', start == "warm", trouble);
        }
    }

    public async Task WarmUpAsync(Contender contender, ServerProcess server)
    {
        if (warm) await LoadAsync(contender, server);
    }

    public Task<Measurement> MeasureAsync(Contender contender, ServerProcess server) => LoadAsync(contender, server);

    private async Task<Measurement> LoadAsync(Contender contender, ServerProcess server)
    {
        using var swarm = new Swarm(contender.Wire);
        var delays = new Delays(channels * _publishers);
        var calm = new CalmChannels(swarm, first: channels * subscribers, CalmCount);
        var goesOn = false;
        swarm.Moved = Fill;
        swarm.Arrived = (peer, publisher, counter) =>
        {
            if (calm.Received(peer, counter)) return;
            delays.Received(Number(peer, publisher), counter);
            if (peer.Index % subscribers != publisher) return;
            peer.Returned++;
            if (untilReturned) Fill(peer);
        };
        swarm.Connect(
            server.Port, (channels * subscribers) + calm.Peers,
            index => index < channels * subscribers ? $"c{index / subscribers}" : $"c{channels + calm.ChannelOf(index)}", _publishers);
        swarm.Rest(TimeSpan.FromSeconds(1));
        var reading = subscribers;
        if (trouble == "still")
        {
            foreach (var peer in swarm.Peers.Where(peer => peer.Index < channels * subscribers && IsStill(peer))) peer.StopReading();
            reading = Enumerable.Range(0, subscribers).Count(static index => index % 10 != 9);
        }

        using var crowd = trouble == "connecting" ? new Crowd(contender, server.Port, $"c{channels + CalmCount}") : null;

        var memory = new Growth(server);
        var (cpu, own, start, pages) = (server.Cpu(), CpuClock.OfThisProcess(), Stopwatch.GetTimestamp(), swarm.Wire.CaughtUp);
        goesOn = true;
        foreach (var peer in swarm.Peers.Where(peer => peer.Index < channels * subscribers && peer.Index % subscribers < _publishers).ToList())
        {
            Fill(peer);
            peer.Flush();
        }

        swarm.Run(() => Look() > _time, _time * 3);
        goesOn = false;
        var (published, ended) = (swarm.Publishes, Stopwatch.GetTimestamp());
        swarm.Run(() => IsDone() || Look() > (_time * 3) + LongestDrain, LongestDrain * 2);
        if (!IsDone())
        {
            throw new TimeoutException(
                $"{Expected() - swarm.Deliveries} of {Expected()} deliveries and {swarm.Peers.Sum(static peer => peer.Sent - peer.Acknowledged)} acknowledgements are missing.");
        }

        var drained = Stopwatch.GetElapsedTime(ended);
        (cpu, own) = (server.Cpu() - cpu, CpuClock.OfThisProcess() - own);
        await Task.Yield();

        return new Measurement(
            cpu.TotalSeconds / swarm.Deliveries * 1e6,
            own / (own + cpu),
            string.Create(CultureInfo.InvariantCulture, $"{swarm.Deliveries / 1e6:f2} M deliveries, server {cpu.TotalSeconds:f2} s, client {own.TotalSeconds:f2} s CPU"),
            Figures:
            [
                new("publishes per second", published / _time.TotalSeconds),
                new("p50, ms", delays.Quantile(0.5)),
                new("p99, ms", delays.Quantile(0.99)),
                new("pages read", swarm.Wire.CaughtUp - pages),
                new("memory, + MiB", memory.Most / (double)(1 << 20)),
                new("all read after, s", drained.TotalSeconds),
                .. calm.Figures,
            ]);

        // A publisher reads, so that it is none of those who stand still.
        bool IsStill(Peer peer) => peer.Index % subscribers % 10 == 9;

        long Expected() => ((swarm.Publishes - calm.Publishes) * reading) + calm.Expected;

        bool IsDone() => swarm.Deliveries == Expected() && swarm.Peers.All(static peer => peer.Acknowledged == peer.Sent);

        TimeSpan Look()
        {
            memory.Look();
            if (goesOn) calm.PublishWhenDue();
            return Stopwatch.GetElapsedTime(start);
        }

        int Number(Peer peer, int publisher) => (peer.Index / subscribers * _publishers) + publisher;

        void Fill(Peer peer)
        {
            if (peer.Index >= channels * subscribers) return;
            var ended = untilReturned ? Math.Min(peer.Acknowledged, peer.Returned) : peer.Acknowledged;
            while (goesOn && peer.Sent - ended < _outstanding)
            {
                var publisher = peer.Index % subscribers;
                delays.Sent(Number(peer, publisher), peer.Sent + 1);
                swarm.Publish(peer, publisher);
            }
        }
    }

    /// <summary>By how much the server's own memory has grown at most; it looks four times a second.</summary>
    private sealed class Growth(ServerProcess server)
    {
        private readonly long _from = server.PrivateBytes();
        private long _looked = Stopwatch.GetTimestamp();

        public long Most { get; private set; }

        public void Look()
        {
            if (Stopwatch.GetElapsedTime(_looked).TotalMilliseconds < 250) return;
            _looked = Stopwatch.GetTimestamp();
            Most = Math.Max(Most, server.PrivateBytes() - _from);
        }
    }
}
