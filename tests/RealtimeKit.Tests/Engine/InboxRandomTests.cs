using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>
/// Random changes on two nodes whose broker loses, repeats and carries nothing for a while, with inboxes that come and go with their cursors:
/// when all has settled, what each user has folded is what a recount gives.
/// </summary>
public sealed class InboxRandomTests
{
    private static readonly string[] Users = ["ann", "bob", "cid", "dan", "eve"];
    private static readonly string[] Names = ["a", "b", "c", "d", "e", "f", "g"];
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);

    private readonly InMemoryStore _store = new();
    private readonly InMemoryBrokerNetwork _network = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1.0, 0)]
    [InlineData(0.6, 0)]
    [InlineData(0.0, 0)]
    [InlineData(0.7, 3)]
    public async Task Folded_rows_equal_a_recount(double arrives, int outages)
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var losses = new Random(seed + 1);
        _network.Copies = _ =>
        {
            lock (losses) return losses.NextDouble() < arrives ? losses.Next(8) == 0 ? 2 : 1 : 0;
        };
        await using var here = await StartAsync();
        await using var there = await StartAsync();
        TestNode[] nodes = [here, there];
        var inboxes = new Dictionary<string, InboxFold>();
        foreach (var user in Users)
        {
            inboxes[user] = new InboxFold(await nodes[random.Next(2)].ConnectAsync(user));
            await inboxes[user].OpenAsync();
        }

        for (var step = 0; step < 400; step++)
        {
            await StepAsync(random, nodes[random.Next(2)], step);
            if (outages > 0 && step % (400 / outages) is 20 or 60) _network.Online = !_network.Online;
            if (random.Next(40) == 0) await MoveAsync(inboxes, Users[random.Next(Users.Length)], nodes[random.Next(2)]);
            if (random.Next(25) == 0) await Task.Delay(random.Next(300), Cancel);
        }

        _network.Online = true;
        var ended = TimeProvider.System.GetTimestamp();
        foreach (var (user, inbox) in inboxes)
        {
            var expected = await RecountAsync(user);
            while (Describe(inbox) != expected)
            {
                TimeProvider.System.GetElapsedTime(ended).Should().BeLessThan(Settled, $"{user} has\n{Describe(inbox)}\nand not\n{expected}");
                await inbox.FoldAsync().WaitAsync(Settled, Cancel);
            }
        }

        foreach (var inbox in inboxes.Values) await inbox.DisposeAsync();
    }

    private static async Task MoveAsync(Dictionary<string, InboxFold> inboxes, string user, TestNode node)
    {
        var old = inboxes[user];
        var moved = new InboxFold(await node.ConnectAsync(user));
        foreach (var (name, row) in old.Rows) moved.Rows.Add(name, row);
        await old.DisposeAsync();
        await moved.OpenAsync(old.Cursor);
        inboxes[user] = moved;
    }

    private static async Task StepAsync(Random random, TestNode node, int step)
    {
        var (channel, user, other) = (Names[random.Next(Names.Length)], Users[random.Next(Users.Length)], Users[random.Next(Users.Length)]);
        var messaging = node.Messaging;
        try
        {
            switch (random.Next(20))
            {
                case 0:
                    await messaging.Channels.EnsureAsync(channel, ChannelKind.Private, owner: user, cancellationToken: Cancel);
                    break;
                case 1 when random.Next(4) == 0:
                    await messaging.Channels.DeleteAsync(channel, Cancel);
                    break;
                case 2 or 3 or 4:
                    await messaging.Members.AddAsync(channel, user, cancellationToken: Cancel);
                    break;
                case 5:
                    await messaging.Members.RemoveAsync(channel, user, cancellationToken: Cancel);
                    break;
                case 6:
                    await messaging.Inboxes.SetPreferencesAsync(
                        channel, user, new ChannelPreferences((ChannelNotify)random.Next(3), random.Next(2) == 0, random.Next(2) == 0), Cancel);
                    break;
                case 7:
                    await messaging.Channels.UpdateAsync(channel, new ChannelEdit { Name = $"name {random.Next(5)}" }, cancellationToken: Cancel);
                    break;
                case 8:
                    await messaging.Members.SetRoleAsync(channel, user, (ChannelRole)random.Next(3), cancellationToken: Cancel);
                    break;
                case 9 or 10:
                    await using (var client = await node.ConnectAsync(user))
                        await client.RequestAsync($$"""{"type":"read","id":5,"channel":"{{channel}}","sequence":{{random.Next(1, 30)}}}""", 5);
                    break;
                case 11:
                    await messaging.Members.AddManyAsync(channel, Users.Where(_ => random.Next(2) == 0), cancellationToken: Cancel);
                    break;
                case 12:
                    await messaging.Members.RemoveManyAsync(channel, Users.Where(_ => random.Next(3) == 0), cancellationToken: Cancel);
                    break;
                case 13 when user != other:
                    await messaging.Users.BlockAsync(user, other, Cancel);
                    break;
                case 14 when user != other:
                    await messaging.Users.UnblockAsync(user, other, Cancel);
                    break;
                case 15:
                    await messaging.Users.MarkReadAsync(user, channel, random.Next(1, 30), Cancel);
                    break;
                default:
                    await messaging.Messages.SendAsync(channel, new OutgoingMessage { Text = $"{step}", Mentions = [other] }, user, Cancel);
                    break;
            }
        }
        catch (Exception exception) when (exception is ChannelNotFoundException or NotMemberException or LastOwnerException or UserBannedException)
        {
            // Not every change fits what there is.
        }
    }

    private async Task<string> RecountAsync(string user)
    {
        var rows = (await _store.ListChannelsAsync(user, null, 100, Cancel)).Channels;
        var totals = rows.Aggregate(default(UnreadTotals), (sum, row) => sum + UnreadTotals.Of(row.Notify, row.Unread, row.Mentions));
        var lines = rows.Select(row =>
            $"{row.Channel} {row.Name} {row.Role} {row.Sequence} {row.Version} {row.Read} {row.Unread} {row.Mentions} {row.Notify} {row.Pinned} {row.Hidden} {row.Last?.Text}".ToLowerInvariant());
        return string.Join('\n', lines.Order(StringComparer.Ordinal).Append($"{totals.Unread} {totals.Mentions}"));
    }

    private static string Describe(InboxFold inbox)
    {
        var lines = inbox.Rows.Values.Select(row =>
            $"{Text(row, "channel")} {Text(row, "name")} {Text(row, "role")} {Text(row, "sequence")} {Text(row, "version")} {Text(row, "read")} {Text(row, "unread")} "
            + $"{Text(row, "mentions")} {Text(row, "notify")} {Text(row, "pinned")} {Text(row, "hidden")} {(row.TryGetProperty("last", out var last) ? Text(last, "text") : "")}".ToLowerInvariant());
        return string.Join('\n', lines.Order(StringComparer.Ordinal).Append($"{inbox.Totals.Unread} {inbox.Totals.Mentions}"));
    }

    private static string Text(JsonElement row, string field) => row.TryGetProperty(field, out var value) ? value.ToString() : "";

    private Task<TestNode> StartAsync() => TestNode.StartAsync(
        builder => builder.UseInMemoryStore(_store).UseInMemoryBroker(_network), options => options.RepairInterval = TimeSpan.FromSeconds(1));
}
