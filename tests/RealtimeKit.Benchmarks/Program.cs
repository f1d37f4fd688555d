using BenchmarkDotNet.Running;
using RealtimeKit.Benchmarks;
using RealtimeKit.Benchmarks.Brokers;
using RealtimeKit.Benchmarks.Durable;
using RealtimeKit.Benchmarks.Jobs;
using RealtimeKit.Benchmarks.Processes;
using RealtimeKit.Benchmarks.Scale;
using RealtimeKit.Benchmarks.Servers;

const string Usage = """
    load     [--jobs fanout,rooms,idle,storm,saturate] [--rounds 3] [--servers signalr-msgpack,signalr-json,realtimekit,realtimekit-sqlite,pipe,nats]
             [--warmup 45] [--fanout-publishes 10000] [--until acknowledged|returned] [--rooms-publishes 150000]
             [--storms 8] [--saturate 100a,100b,1000a,1000b,10x1000b] [--from cold,warm] [--seconds 20]
             [--with none|calm,store,still,connecting] [--commit-delay 100]
             the same jobs on SignalR and on RealtimeKit
    durable  [--rounds 3] [--seconds 5] [--channels 64] [--window 64] [--rate 5000] [--paced 20] [--folder /tmp] [--search on]
             durable messages per second and the latency of acknowledgements, with SQLite
    postgresql [--rounds 3] [--seconds 5] [--window 64] [--rate 5000] [--paced 20] [--pgbench-clients 1] [--store-window 2]
             [--fresh 0] [--search on]
             the same with PostgreSQL, beside what pgbench reaches on the same server
    broker   [--rounds 3] [--seconds 10] [--rate 1000]
             from a publish on one node to its delivery on another, with PostgreSQL and RabbitMQ, beside what these take alone
    nodes    [--rounds 3] [--seconds 10] [--rate 2000] [--channels 20] [--brokers postgresql]
             the same over several channels, with PostgreSQL as the broker and, unless told otherwise, with RabbitMQ
    joins    [--rounds 3] [--channels 10000]
             what many channels joined on one node cost at RabbitMQ
    repair   [--rounds 20] [--channels 10000]
             what one comparison of many channels with the store costs
    scale    [--stores sqlite,postgresql] [--messages 1000000] [--members 100000] [--channels 5000] [--reactions 10000]
             [--rounds 200] [--deletion 20] [--folder /tmp]
             each request where there is much of everything, beside the same with 1,000 messages
    search   [--stores sqlite,postgresql] [--messages 1000000] [--few 50000] [--rounds 40] [--folder /tmp]
             what searches take among many messages, and what the index costs those who publish
    micro    [BenchmarkDotNet's own arguments]
    server   signalr|realtimekit|realtimekit-sqlite|realtimekit-postgresql|realtimekit-cluster|pipe [--port 0] [--channels 1]
             what the other modes start for themselves
    """;

switch (args.FirstOrDefault())
{
    case "server":
        return await Server.RunAsync(new Arguments(args[1..]));
    case "load":
        return await Pinning.OnCoreAsync(1, args, () => LoadMode.RunAsync(new Arguments(args[1..])));
    case "durable":
        return await DurableMode.RunAsync(new Arguments(args[1..]));
    case "postgresql":
        return await PostgreSqlMode.RunAsync(new Arguments(args[1..]));
    case "broker":
        return await BrokerMode.RunAsync(new Arguments(args[1..]));
    case "nodes":
        return await NodesMode.RunAsync(new Arguments(args[1..]));
    case "joins":
        return await JoinsMode.RunAsync(new Arguments(args[1..]));
    case "repair":
        return await RepairMode.RunAsync(new Arguments(args[1..]));
    case "scale":
        return await ScaleMode.RunAsync(new Arguments(args[1..]));
    case "search":
        return await SearchMode.RunAsync(new Arguments(args[1..]));
    case "micro":
        BenchmarkSwitcher.FromAssembly(typeof(Arguments).Assembly).Run(args[1..]);
        return 0;
    default:
        await Console.Error.WriteLineAsync(Usage);
        return 2;
}
