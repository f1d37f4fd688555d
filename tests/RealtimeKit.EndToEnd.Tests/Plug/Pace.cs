namespace RealtimeKit.EndToEnd.Plug;

/// <summary>
/// How fast the participants work: at leisure, or, in a surge, as fast as they are answered. The plug is pulled in a surge,
/// when there is always something between its commit and its acknowledgement; large messages make the commits long.
/// </summary>
internal sealed class Pace : IDisposable
{
    private CancellationTokenSource _surge = new();

    public bool IsSurging => Volatile.Read(ref _surge).IsCancellationRequested;

    public void Surge() => Volatile.Read(ref _surge).Cancel();

    // A source that is still being linked to must not be disposed; without a timer it holds nothing.
    public void Calm() => Volatile.Write(ref _surge, new CancellationTokenSource());

    public async Task PauseAsync(int milliseconds, CancellationToken stop)
    {
        var surge = Volatile.Read(ref _surge).Token;
        if (surge.IsCancellationRequested) return;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(surge, stop);
        await Task.Delay(milliseconds, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _surge.Dispose();
}
