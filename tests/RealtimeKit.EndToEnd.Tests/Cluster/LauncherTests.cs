using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Plug;
using Xunit;

namespace RealtimeKit.EndToEnd.Cluster;

/// <summary>The sample by its one command lives through the kill of any one process.</summary>
[Collection(nameof(AloneCollection))]
public sealed class LauncherTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Every_process_is_killed_in_turn_and_nothing_is_lost_and_in_the_end_nothing_is_left()
    {
        var trial = new Trial("CLUSTER_SEED", output);
        await using var launcher = await LauncherProcess.StartAsync();
        launcher.Parts.Should().BeEquivalentTo(["n1", "n2", "n3", "nginx", "postgresql", "rabbitmq"]);
        var folder = launcher.Folder;
        Directory.Exists(folder).Should().BeTrue();
        await trial.RunAsync(
            async () =>
            {
                using var pace = new Pace();
                await using var crowd = new Crowd(launcher.Address, trial.Ledger, trial.Checker, pace, trial.Random);
                await crowd.GatherAsync(people: 8, channels: 4);
                crowd.Begin();
                foreach (var part in launcher.Parts)
                {
                    await Task.Delay(trial.Random.Next(500, 1_500));
                    trial.Ledger.Tell($"kill {part}");
                    await launcher.KillAsync(part);
                    trial.Ledger.Tell($"{part} is back");
                }

                await Task.Delay(1_000);
                await crowd.EndAsync();
                return $"every process killed once: {await crowd.JudgeAsync()}";
            },
            () => launcher.Output);
        output.WriteLine(launcher.Output);
        await launcher.StopAsync();
        Directory.Exists(folder).Should().BeFalse("what it started is stopped, and its folder removed");
        var reach = () => ServerProcess.SignInAsync(launcher.Address, "late");
        await reach.Should().ThrowAsync<HttpRequestException>();
    }
}
