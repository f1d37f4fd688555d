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

    /// <summary>What the server is told beside that.</summary>
    IReadOnlyList<string> ServerArguments => [];

    /// <summary>
    /// How many times each server is measured in a round, the servers in turns. What the machine's neighbours do then
    /// falls on all of them alike.
    /// </summary>
    int Turns => 1;

    /// <summary>Lets a server that has just started warm up, where the measuring does not do so itself.</summary>
    Task WarmUpAsync(Contender contender, Processes.ServerProcess server) => Task.CompletedTask;

    Task<Measurement> MeasureAsync(Contender contender, Processes.ServerProcess server);
}
