using RealtimeKit.InMemory;
using RealtimeKit.Stores;

namespace RealtimeKit.Benchmarks.Servers;

/// <summary>RealtimeKit with its defaults; the user is whom the token names.</summary>
internal sealed class RealtimeKitServer(Action<RealtimeMessagingBuilder, Arguments> chooseStore) : IServerKind
{
    public static RealtimeKitServer InMemory() => new((builder, arguments) =>
    {
        builder.UseInMemoryStore();
        var delay = TimeSpan.FromMilliseconds(arguments.Number("commit-delay", 0));
        if (delay > TimeSpan.Zero)
            builder.Services.AddSingleton<IMessageStore>(services => new SlowStore(services.GetRequiredService<InMemoryStore>(), delay));
    });

    public static RealtimeKitServer Sqlite() => new((builder, arguments) =>
        builder.UseSqliteStore("Data Source=" + arguments.Text("database", "messages.db")));

    public static RealtimeKitServer PostgreSql() => new((builder, arguments) =>
        builder.UsePostgreSqlStore(arguments.Text("postgresql", ""), options => options.Schema = arguments.Text("schema", options.Schema)));

    /// <summary>One of several nodes on one database and one broker.</summary>
    public static RealtimeKitServer Cluster() => new((builder, arguments) => builder
        .UsePostgreSqlStore(arguments.Text("postgresql", ""))
        .UseRabbitMqBroker(arguments.Text("rabbitmq", "")));

    public void Configure(WebApplicationBuilder builder, Arguments arguments) => chooseStore(
        builder.Services.AddRealtimeMessaging(options =>
            (options.RateLimits, options.Search) = (RateLimits.None, arguments.IsOn("search"))).AddWebSockets().UseAuthenticator<TokenIsUser>(), arguments);

    public void Map(WebApplication app) => app.MapRealtimeMessaging("/realtime");

    public async Task PrepareAsync(WebApplication app, Arguments arguments)
    {
        var messaging = app.Services.GetRequiredService<IRealtimeMessaging>();
        for (var i = 0; i < arguments.Number("channels", 1); i++)
            await messaging.Channels.EnsureAsync($"c{i}");
    }

    private sealed class TokenIsUser : IAuthenticator
    {
        public ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken) =>
            ValueTask.FromResult(credentials.Token is { } token ? new SignIn(token) : null);
    }
}
