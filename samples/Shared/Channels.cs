namespace RealtimeKit.Samples;

/// <summary>The channels that the samples begin with.</summary>
internal static class Channels
{
    public static async Task EnsureChannelsAsync(this IServiceProvider services)
    {
        var messaging = services.GetRequiredService<IRealtimeMessaging>();
        foreach (var channel in new[] { "lobby", "random", "help" }) await messaging.Channels.EnsureAsync(channel);
    }
}
