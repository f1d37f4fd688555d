namespace RealtimeKit.Benchmarks.Jobs;

/// <summary>Five thousand clients that connect, subscribe and go, again and again.</summary>
internal sealed class Crowd : IDisposable
{
    private const int Clients = 5_000;

    private readonly Task _coming;
    private volatile bool _ended;

    public Crowd(Contender contender, int port, string channel) => _coming = Task.Factory.StartNew(
        () =>
        {
            while (!_ended)
            {
                using var swarm = new Swarm(contender.Wire);
                swarm.Connect(port, Clients, _ => channel);
            }
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    public void Dispose()
    {
        _ended = true;
        _coming.GetAwaiter().GetResult();
    }
}
