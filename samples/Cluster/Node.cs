using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.HttpOverrides;
using Npgsql;

namespace RealtimeKit.Samples;

/// <summary>One node: the QuickStart's application on a database and a broker that all nodes share.</summary>
internal static class Node
{
    public static async Task<int> RunAsync(WebApplicationBuilder builder, string database, string broker)
    {
        await using var keys = new SharedKeys(database);
        builder.Services.AddSignIn();
        builder.Services.AddDataProtection().SetApplicationName("RealtimeKit.Cluster");
        builder.Services.Configure<KeyManagementOptions>(options => options.XmlRepository = keys);
        // The load balancer says what the browser asked for; that decides which pages may connect.
        builder.Services.Configure<ForwardedHeadersOptions>(
            options => options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto);
        builder.Services.AddHealthChecks();
        var messaging = builder.Services.AddRealtimeMessaging(options =>
            {
                options.UsersMayCreateChannels = true;
                options.NodeName = builder.Configuration["Node:Name"] ?? Port(builder.Configuration["urls"]);
                builder.Configuration.Bind("Realtime", options);
            })
            .AddWebSockets()
            .UsePostgreSqlStore(database)
            .UseRabbitMqBroker(broker, options => builder.Configuration.Bind("RabbitMq", options));
        // A bucket, or a folder that all nodes share. Without either, messages carry no files, and the page offers none.
        var files = builder.Configuration.GetSection("Files");
        if (files["Bucket"] is { Length: > 0 } bucket) messaging.AddS3Files(bucket, files.Bind, files.Bind);
        else if (files.Value is { Length: > 0 } folder) messaging.AddFiles(folder);

        await using var app = builder.Build();
        app.UseForwardedHeaders();
        app.UseDefaultFiles();
        app.UseStaticFiles();
        app.UseAuthentication();
        app.MapRealtimeMessaging("/realtime");
        app.MapSignIn();
        app.MapHealthChecks("/health");
        app.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = _ => false });

        await PrepareAsync(app, keys);
        await app.RunAsync();
        return 0;
    }

    // A node that comes before its database waits for it, and is no node to the load balancer until then.
    private static async Task PrepareAsync(WebApplication app, SharedKeys keys)
    {
        while (true)
        {
            try
            {
                await keys.PrepareAsync(app.Services.GetRequiredService<IKeyManager>());
                await app.Services.EnsureChannelsAsync();
                return;
            }
            catch (Exception exception) when (exception is NpgsqlException { IsTransient: true } or StoreUnavailableException)
            {
                app.Logger.DatabaseIsAway(exception.Message);
                await Task.Delay(TimeSpan.FromSeconds(1));
            }
        }
    }

    private static string Port(string? addresses) =>
        $"{BindingAddress.Parse(addresses?.Split(';')[0] ?? "http://localhost:5000").Port}";
}
