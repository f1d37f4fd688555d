using RealtimeKit.Benchmarks.Wires;

namespace RealtimeKit.Benchmarks.Jobs;

/// <summary>One column of the comparison: a server and the wire on which it is spoken to.</summary>
/// <param name="Name">Its name on the command line and in the tables.</param>
/// <param name="Server">The server to start.</param>
/// <param name="Wire">The wire, given who listens to it.</param>
internal sealed record Contender(string Name, string Server, Func<ILoadEvents, Wire> Wire)
{
    public const string Baseline = "signalr-msgpack";
    public const string Ours = "realtimekit";

    public static readonly IReadOnlyList<Contender> All =
    [
        new(Baseline, "signalr", x => new SignalRMessagePackWire(x)),
        new("signalr-json", "signalr", x => new SignalRJsonWire(x)),
        new(Ours, "realtimekit", x => new RealtimeKitWire(x)),
        // What a node takes whose messages are in a file: the store in memory grows with each message.
        new("realtimekit-sqlite", "realtimekit-sqlite", x => new RealtimeKitWire(x)),
        new("pipe", "pipe", x => new RealtimeKitWire(x)),
        new("nats", "nats", x => new NatsWire(x)),
    ];

    /// <summary>What the server is told beside what the job tells it.</summary>
    public string[] ServerArguments() => Server == "realtimekit-sqlite"
        ? ["--database", Path.Combine(Directory.CreateTempSubdirectory("realtimekit").FullName, "messages.db")]
        : [];
}
