#pragma warning disable xUnit1051 // Every wait here has its own deadline.
using RealtimeKit.EndToEnd.Hosting;
using Xunit;

namespace RealtimeKit.EndToEnd.Plug;

/// <summary>
/// The promise, put to the test: a server under load is killed without warning again and again, its clients are left
/// alone, and in the end nothing that was acknowledged is lost, doubled or out of order, for anybody.
/// </summary>
[Collection(nameof(AloneCollection))]
public sealed class PlugTests(ITestOutputHelper output)
{
    private const int People = 20;
    private const int Channels = 10;
    private const int Kills = 20;
    private static readonly TimeSpan RecoveryDeadline = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Nothing_acknowledged_is_lost_doubled_or_out_of_order_when_the_plug_is_pulled()
    {
        var trial = new Trial("PLUG_SEED", output);
        await using var server = new QuickStartProcess();
        await trial.RunAsync(() => RunAsync(server, trial), () => server.Output);
    }

    private static async Task<string> RunAsync(QuickStartProcess server, Trial trial)
    {
        await server.InitializeAsync();
        using var pace = new Pace();
        const string pulled = "pulled";
        var (random, ledger) = (trial.Random, trial.Ledger);
        await using var crowd = new Crowd(server.Address, ledger, trial.Checker, pace, random);
        await crowd.GatherAsync(People, Channels, pulled);
        var puller = new Puller(server, ledger, pulled);
        crowd.Begin();
        for (var kill = 1; kill <= Kills; kill++)
        {
            await Task.Delay(random.Next(300, 2_500));
            ledger.Tell($"kill {kill}");
            if (kill % 3 != 0)
            {
                await puller.PullAsync(random).WaitAsync(RecoveryDeadline);
            }
            else
            {
                pace.Surge();
                await Task.Delay(random.Next(50, 250));
                await server.KillAsync();
                pace.Calm();
            }

            await Task.Delay(random.Next(300));
            await server.StartAsync();
            ledger.Tell($"started again after kill {kill}");
        }

        await Task.Delay(1_000);
        await crowd.EndAsync();
        return $"{Kills} kills, {await crowd.JudgeAsync()}";
    }
}
