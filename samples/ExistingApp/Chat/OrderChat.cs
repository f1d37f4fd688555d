using System.Globalization;
using RealtimeKit;
using RealtimeKit.Protocol;

namespace OrderDesk;

/// <summary>A private channel for each order, made when it is first needed: for orders from before there was chat, too.</summary>
public sealed class OrderChat(IRealtimeMessaging messaging)
{
    private const string Prefix = "order-";

    public static string ChannelOf(long order) => $"{Prefix}{order}";

    public static long? OrderOf(string channel) =>
        channel.StartsWith(Prefix, StringComparison.Ordinal)
        && long.TryParse(channel.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var order)
            ? order : null;

    public Task OpenAsync(long order) => messaging.Channels.EnsureAsync(ChannelOf(order), ChannelKind.Private);

    /// <summary>Says that an order took a step.</summary>
    /// <param name="order">The order.</param>
    /// <param name="status">The step.</param>
    /// <param name="sender">Who took it, or nobody for the application itself.</param>
    public async Task TellStepAsync(long order, string status, string? sender = null)
    {
        await OpenAsync(order);
        var message = new OutgoingMessage { Text = $"The order is {status}.", Data = JsonValue.Parse($$"""{"status":"{{status}}"}""") };
        await messaging.Messages.SendAsync(ChannelOf(order), message, sender);
    }
}
