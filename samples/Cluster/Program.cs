using RealtimeKit.Samples;

// The page lies beside the program, from wherever that is started.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
var database = builder.Configuration.GetConnectionString("Chat");
var broker = builder.Configuration.GetConnectionString("RabbitMq");

// Without servers: the whole cluster on this machine. With them: one node of a cluster.
if (string.IsNullOrEmpty(database) && string.IsNullOrEmpty(broker))
    return await Launcher.RunAsync(builder.Configuration["urls"]);
if (!string.IsNullOrEmpty(database) && !string.IsNullOrEmpty(broker))
    return await Node.RunAsync(builder, database, broker);

Console.Error.WriteLine(
    "A node needs both servers: --ConnectionStrings:Chat \"Host=…;Username=…;Database=…\" (PostgreSQL) and "
    + "--ConnectionStrings:RabbitMq amqp://user:password@host:5672/. Without either, this starts a whole cluster on this machine.");
return 2;
