using RealtimeKit.Chaos.Nodes;
using RealtimeKit.Chaos.Runs;

const string usage = """
    run    [--seed N] [--seconds S]              one run; the seed decides everything
    many   [--minutes M] [--seed FIRST]          runs of many seeds one after another, and a table of them
    plants                                       plants faults in the nodes, one after another, until each is found
    upgrade [--from COMMIT]                      a rolling update from an earlier commit, the last with schema 1, to this state

    --faults a,b|all|none   which faults            --clients N --raw N    how many clients
    --rate N                actions a second        --slack F              how many times the promised times may be taken
    --plant NAME            a fault in the nodes    --sample               nodes of samples/Cluster, without files
    --sqlite                one node on SQLite      --output FOLDER        for tables and histories
    --broker postgresql     without RabbitMQ
    """;
if (args is ["node", ..])
{
    await NodeHost.RunAsync(args[1..]);
    return 0;
}

try
{
    return args switch
    {
        ["run", ..] => await Verbs.RunAsync(Settings.Parse(args[1..])),
        ["many", ..] => await Verbs.ManyAsync(Settings.Parse(args[1..])),
        ["plants", ..] => await Verbs.PlantsAsync(Settings.Parse(args[1..])),
        ["upgrade", ..] => await Verbs.UpgradeAsync(Settings.Parse(args[1..])),
        _ => Usage(),
    };
}
catch (ArgumentException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return Usage();
}

static int Usage()
{
    Console.Error.WriteLine(usage);
    return 2;
}
