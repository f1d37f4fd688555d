using System.Diagnostics;

namespace RealtimeKit.Simulation.Runs;

/// <summary>Shares the seeds among processes, each of which does everything with one thread, and sums up what they found.</summary>
internal static class Launcher
{
    public static async Task<int> RunAsync(Request request)
    {
        var workers = request.Plants || request.Story ? 1 : Math.Min(request.Workers, request.Seeds);
        var sum = new Summary();
        var began = TimeProvider.System.GetTimestamp();
        var codes = await Task.WhenAll(Enumerable.Range(0, workers).Select(worker => RunAsync(request.Arguments(worker, workers), sum)));
        if (!request.Plants)
        {
            foreach (var line in sum.Lines()) Console.WriteLine(line);
            Console.WriteLine($"{sum.Seeds} seeds from {request.From} on, {sum.Bad} with violations, in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:f0} s.");
        }

        return codes.Max();
    }

    private static async Task<int> RunAsync(IEnumerable<string> arguments, Summary sum)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            ArgumentList = { typeof(Launcher).Assembly.Location },
            RedirectStandardOutput = true,
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        // What looks at the number of processors shall do the same on every machine.
        start.Environment["DOTNET_PROCESSOR_COUNT"] = "1";
        start.Environment["DOTNET_TieredPGO"] = "0";
        using var process = Process.Start(start) ?? throw new InvalidOperationException("A worker did not start.");
        while (await process.StandardOutput.ReadLineAsync() is { } line)
            if (!sum.TryTake(line)) Console.WriteLine(line);
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
