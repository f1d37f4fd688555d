namespace RealtimeKit.Samples;

/// <summary>A process of the cluster that is started again whenever it ends.</summary>
/// <param name="name">What it is called.</param>
/// <param name="address">Where it listens.</param>
/// <param name="start">Starts it and returns, when it answers, its process.</param>
internal sealed class Part(string name, Uri address, Func<CancellationToken, Task<int>> start)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    public string Name => name;

    public Uri Address => address;

    public int Process { get; private set; }

    public async Task StartAsync(CancellationToken stop) => Process = await start(stop);

    /// <summary>Keeps it running, and tells what happens to it.</summary>
    public async Task KeepAsync(TimeSpan delay, CancellationToken stop)
    {
        while (true)
        {
            while (ProcessTable.IsAlive(Process)) await Task.Delay(Look, stop);
            Launcher.Say($"{name} (process {Process}) has ended; starting it again in {delay.TotalSeconds:0} s");
            await Task.Delay(delay, stop);
            try
            {
                await StartAsync(stop);
                Launcher.Say($"{name} is back: process {Process}");
            }
            catch (CommandFailedException exception)
            {
                Launcher.Say($"{name} could not be started: {exception.Message}");
            }
        }
    }
}
