using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RealtimeKit.Protocol;
using Snippets;
using Xunit;

namespace RealtimeKit.Docs.Samples;

/// <summary>samples/Snippets/CopyChannels.cs, from a file of SQLite into another store.</summary>
public sealed class CopyChannelsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Channels_members_and_messages_come_along_in_their_places()
    {
        var file = Path.Combine(Path.GetTempPath(), $"copy-{Guid.NewGuid():N}.db");
        try
        {
            using var old = await StartAsync(builder => builder.UseSqliteStore($"Data Source={file}"));
            using var next = await StartAsync(builder => builder.UseInMemoryStore());
            var (from, to) = (Of(old), Of(next));
            await from.Channels.EnsureAsync("lobby", ChannelKind.Private, "The lobby", "ann", JsonValue.Parse("""{"a":1}"""), Cancel);
            await from.Members.AddManyAsync("lobby", Enumerable.Range(0, 250).Select(i => $"user-{i}"), cancellationToken: Cancel);
            for (var i = 1; i <= 450; i++)
                await from.Messages.SendAsync("lobby", new OutgoingMessage { Text = $"message {i}", ReplyTo = i == 450 ? 7 : null, Mentions = ["user-3"] }, "ann", Cancel);
            await from.Messages.DeleteAsync("lobby", 7, cancellationToken: Cancel);
            await from.Messages.EditAsync("lobby", 8, new MessageEdit { Text = "edited" }, Cancel);
            await from.Messages.ReactAsync("lobby", 9, "👍", "user-1", cancellationToken: Cancel);
            await from.Messages.PinAsync("lobby", 10, "ann", Cancel);
            await from.Users.MarkReadAsync("user-3", "lobby", 440, Cancel);
            await from.Channels.UpdateAsync("lobby", new ChannelEdit { Closed = true, SlowMode = 5 }, cancellationToken: Cancel);
            var direct = await from.Channels.EnsureDirectAsync("ann", "user-1", Cancel);
            await from.Messages.SendAsync(direct.Channel, "Hello", "user-1", Cancel);

            await from.CopyToAsync(to, Cancel);

            (await to.Channels.GetAsync("lobby", Cancel))!.Settings.Should().Be((await from.Channels.GetAsync("lobby", Cancel))!.Settings);
            var (before, after) = (await AllAsync(from, "lobby"), await AllAsync(to, "lobby"));
            after.Should().HaveCount(450).And.Equal(before);
            after.Should().ContainSingle(line => line.StartsWith("10 ") && line.Contains("pinned by ann"));
            foreach (var user in (string[])["ann", "user-3", "user-249"])
                (await to.Members.GetAsync("lobby", user, Cancel)).Should().Be(await from.Members.GetAsync("lobby", user, Cancel));
            (await to.Inboxes.CountUnreadAsync("user-3", Cancel)).Should().Be(await from.Inboxes.CountUnreadAsync("user-3", Cancel)).And.Be(new UnreadTotals(10, 10));
            (await AllAsync(to, (await to.Channels.EnsureDirectAsync("user-1", "ann", Cancel)).Channel)).Should().ContainSingle(line => line.Contains("user-1 Hello"));
            await old.StopAsync(Cancel);
            await next.StopAsync(Cancel);
        }
        finally
        {
            foreach (var part in (string[])["", "-wal", "-shm"]) File.Delete(file + part);
        }
    }

    private static IRealtimeMessaging Of(IHost host) => host.Services.GetRequiredService<IRealtimeMessaging>();

    private static async Task<IHost> StartAsync(Action<RealtimeMessagingBuilder> store)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddLogging();
        store(builder.Services.AddRealtimeMessaging());
        var host = builder.Build();
        await host.StartAsync(Cancel);
        return host;
    }

    // Each message as a line, without its times.
    private static async Task<List<string>> AllAsync(IRealtimeMessaging messaging, string channel)
    {
        List<string> lines = [];
        while (await messaging.Messages.ReadHistoryAsync(channel, after: lines.Count, limit: 200, cancellationToken: Cancel) is { Messages.Count: > 0 } page)
        {
            lines.AddRange(page.Messages.Select(message =>
                $"{message.Sequence} {message.Id} {message.Sender} {message.Text} {message.ReplyTo} {message.Thread} {message.DeletedAt is null} pinned by {message.PinnedBy} "
                + $"{string.Join(',', message.Content.Mentions ?? [])} {string.Join(',', message.Reactions.SelectMany(reaction => reaction.Users, (reaction, user) => reaction.Reaction + user))}"));
        }

        return lines;
    }
}
