using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Mvc;
using RealtimeKit.Brokers;
using RealtimeKit.Checking.Plants;
using RealtimeKit.Files;
using RealtimeKit.Stores;

namespace RealtimeKit.Chaos.Nodes;

/// <summary>The application of the samples as a node of the checker's own, in which a fault can be planted.</summary>
internal static class NodeHost
{
    /// <summary>How long files stay that no message has.</summary>
    public static readonly TimeSpan KeepFiles = TimeSpan.FromSeconds(15);

    public static async Task RunAsync(string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var configuration = builder.Configuration;
        var plant = configuration["plant"] is { } name ? Garden.Find(name) : null;
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
        var messaging = builder.Services.AddRealtimeMessaging(options =>
        {
            options.UsersMayCreateChannels = true;
            options.RateLimits = RateLimits.None;
            plant?.Options?.Invoke(options);
        }).AddWebSockets();
        var chat = configuration.GetConnectionString("Chat") ?? throw new InvalidOperationException("ConnectionStrings:Chat is missing.");
        if (chat.StartsWith("Data Source", StringComparison.Ordinal)) messaging.UseSqliteStore(chat);
        else messaging.UsePostgreSqlStore(chat);
        if (configuration.GetConnectionString("RabbitMq") is { } broker) messaging.UseRabbitMqBroker(broker);
        if (configuration["broker"] == "postgresql") messaging.UsePostgreSqlBroker();
        if (configuration["files"] is { } files)
        {
            messaging.AddFiles(files, options =>
            {
                options.KeepUntaken = options.KeepUnfinished = KeepFiles;
                options.SweepInterval = TimeSpan.FromSeconds(1);
                options.FilesPerUserAndDay = 1_000_000;
            });
        }

        if (plant is not null) Apply(plant, builder.Services, configuration["again"] is not null);

        await using var app = builder.Build();
        app.UseAuthentication();
        app.MapRealtimeMessaging("/realtime");
        app.MapPost("/login", async (HttpContext context, [FromForm] string name) =>
        {
            var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, name)], CookieAuthenticationDefaults.AuthenticationScheme);
            await context.SignInAsync(new ClaimsPrincipal(identity));
            return Results.NoContent();
        }).DisableAntiforgery();
        await app.RunAsync();
    }

    private static void Apply(Plant plant, IServiceCollection services, bool again)
    {
        if (plant.Broker is { } broker) Wrap<IMessageBroker>(services, (real, _) => broker(real));
        if (plant.Inboxes is { } inboxes) Wrap<IInboxStore>(services, (real, _) => inboxes(real));
        if (plant.Records is { } records) Wrap<IFileRecords>(services, (real, _) => records(real));
        if (plant.Files is { } files) Wrap<IFileStore>(services, (real, _) => files(real));
        if (plant.Store is { } store) Wrap<IMessageStore>(services, (real, provider) => store(real, new PlantContext(again, () => provider.GetService<IMessageBroker>(), TimeProvider.System)));
    }

    // What was registered last is what the engine gets: the double, with the real one behind it.
    private static void Wrap<T>(IServiceCollection services, Func<T, IServiceProvider, T> wrap) where T : class
    {
        var real = services.Last(service => service.ServiceType == typeof(T));
        services.Remove(real);
        services.AddSingleton(provider => wrap(Make<T>(real, provider), provider));
    }

    private static T Make<T>(ServiceDescriptor real, IServiceProvider provider) where T : class =>
        (T)(real.ImplementationInstance ?? real.ImplementationFactory?.Invoke(provider) ?? ActivatorUtilities.CreateInstance(provider, real.ImplementationType!));
}
