using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace RealtimeKit.Samples;

/// <summary>Plays the public: as many watchers as the settings say, on sockets of their own, some of whom are away for a while.</summary>
internal sealed class WatcherCrowd(
    IServer server, IHostApplicationLifetime lifetime, IConfiguration configuration, CrowdFigures figures, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan LongestStay = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestAbsence = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BetweenArrivals = TimeSpan.FromMilliseconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await StartedAsync(stoppingToken);
        var address = server.Features.Get<IServerAddressesFeature>()!.Addresses.First();
        var port = BindingAddress.Parse(address).Port;
        var turning = TurnAsync(stoppingToken);
        using var http = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = new Uri($"http://localhost:{port}") };
        var watching = new List<Task>();
        for (var number = 1; number <= configuration.GetValue<int>("Watchers"); number++)
        {
            var cookie = await SignInAsync(http, $"watcher-{number}", stoppingToken);
            var watcher = new Watcher(new Uri($"ws://localhost:{port}/realtime"), cookie, figures, time);
            watching.Add(ComeAndGoAsync(watcher, stoppingToken));
            await Task.Delay(BetweenArrivals, time, stoppingToken);
        }

        await Task.WhenAll([turning, .. watching]);
    }

    private static async Task<string> SignInAsync(HttpClient http, string name, CancellationToken stop)
    {
        using var form = new FormUrlEncodedContent([new("name", name)]);
        using var response = await http.PostAsync(new Uri("/login", UriKind.Relative), form, stop);
        return response.EnsureSuccessStatusCode().Headers.GetValues("Set-Cookie").First().Split(';')[0];
    }

    private async Task ComeAndGoAsync(Watcher watcher, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            using var stay = new CancellationTokenSource(LongestStay * Random.Shared.NextDouble(), time);
            using var go = CancellationTokenSource.CreateLinkedTokenSource(stay.Token, stop);
            try
            {
                await watcher.WatchAsync(go.Token);
            }
            catch (OperationCanceledException) when (go.IsCancellationRequested)
            {
                // Time to go, for a while or for good.
            }

            await Task.Delay(LongestAbsence * Random.Shared.NextDouble(), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task StartedAsync(CancellationToken stop)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stop);
    }

    private async Task TurnAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        while (await timer.WaitForNextTickAsync(stop)) figures.Turn();
    }
}
