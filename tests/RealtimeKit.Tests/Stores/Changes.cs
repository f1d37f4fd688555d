using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>Changes to test stores with.</summary>
internal static class Changes
{
    public static readonly PageLimit All = new(100_000, int.MaxValue);

    private static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeMilliseconds(1_750_000_000_000);

    public static PostChange Post(string channel, string text) =>
        new(channel, Time, new MessageId(Guid.NewGuid()), "ann", new MessageContent(text), null, new byte[16]);

    public static NewChannel Channel(string name) => new(name, ChannelKind.Public, null, "ann", ["bob"], Time);

    public static async Task CreateLobbyAsync(IChannelStore store) =>
        await store.CreateAsync(Channel("lobby"), TestContext.Current.CancellationToken);

    public static Task<string[]> TextsAsync(IMessageStore store) => TextsOfAsync(store, "lobby");

    public static async Task<string[]> TextsOfAsync(IMessageStore store, string channel)
    {
        var page = await store.ReadHistoryAsync(new HistoryQuery(channel, All), TestContext.Current.CancellationToken);
        return [.. page!.Messages.Select(message => message.Text!)];
    }
}
