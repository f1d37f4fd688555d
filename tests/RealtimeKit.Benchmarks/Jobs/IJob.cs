namespace RealtimeKit.Benchmarks.Jobs;

/// <summary>The same work for every server.</summary>
internal interface IJob
{
    string Name { get; }

    /// <summary>The unit of the measured value.</summary>
    string Unit { get; }

    /// <summary>The ratio to SignalR with MessagePack that is to be reached.</summary>
    double Target { get; }

    /// <summary>How many channels, <c>c0</c> and so on, the server is to have.</summary>
    int Channels { get; }

    Task<Measurement> RunAsync(Contender contender, Processes.ServerProcess server);
}
