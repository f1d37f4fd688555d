using RealtimeKit.Simulation.Runs;

const string usage = """
    --seeds N [--from N]     one trial for each seed
    --seed N                 one seed, with its whole story
    --plants                 plants one fault after another, until each is found

    --plant NAME             a fault in the nodes     --repeat N    each seed so often: does the same come again?
    --faults a,b|all|none    which faults of the environment
    --workers N              how many processes share the seeds; one for each processor where it is left out
    """;
try
{
    var request = Request.Parse(args);
    return request.IsWorker ? await Worker.RunAsync(request) : await Launcher.RunAsync(request);
}
catch (ArgumentException e)
{
    await Console.Error.WriteLineAsync($"{e.Message}\n{usage}");
    return 2;
}
