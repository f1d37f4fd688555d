namespace RealtimeKit.Benchmarks.Servers;

/// <summary>One of the servers that are compared.</summary>
internal interface IServerKind
{
    void Configure(WebApplicationBuilder builder, Arguments arguments);

    void Map(WebApplication app);

    Task PrepareAsync(WebApplication app, Arguments arguments);
}
