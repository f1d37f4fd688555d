using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Tests.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>After a backup was restored, a client that holds more than the backup has must not take itself for up to date.</summary>
public sealed class RestoredBackupTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_Sqlite_a_client_that_holds_lost_messages_begins_anew()
    {
        using var database = new TemporaryDatabase();
        await RestoreAsync(
            messaging => messaging.UseSqliteStore(database.ConnectionString),
            backup: () => File.Copy(database.Path, database.Path + ".backup"),
            restore: () =>
            {
                foreach (var file in Directory.GetFiles(Path.GetDirectoryName(database.Path)!, "chat.db*").Where(file => !file.EndsWith(".backup", StringComparison.Ordinal))) File.Delete(file);
                File.Copy(database.Path + ".backup", database.Path);
                return Task.CompletedTask;
            });
    }

    [Fact]
    public async Task With_PostgreSql_a_client_that_holds_lost_messages_begins_anew()
    {
        await using var schema = await TemporarySchema.CreateAsync();
        await RestoreAsync(
            messaging => messaging.UsePostgreSqlStore(schema.ConnectionString, options => options.Schema = schema.Name),
            backup: () => { },
            restore: () => schema.RunAsync("DELETE FROM messages WHERE sequence > 3; UPDATE channels SET sequence = 3, version = 3"));
    }

    private static async Task RestoreAsync(Action<RealtimeMessagingBuilder> useStore, Action backup, Func<Task> restore)
    {
        await using (var node = await TestNode.StartAsync(useStore))
        {
            await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
            for (var n = 1; n <= 3; n++) await node.Messaging.Messages.SendAsync("a", $"old {n}", cancellationToken: Cancel);
        }

        backup();
        string epoch;
        await using (var node = await TestNode.StartAsync(useStore))
        {
            await using var bob = await node.ConnectAsync("bob");
            epoch = (await bob.RequestAsync("""{"type":"subscribe","id":2,"channel":"a","recent":10}""", 2)).GetProperty("epoch").GetString()!;
            for (var n = 4; n <= 5; n++) await node.Messaging.Messages.SendAsync("a", $"old {n}", cancellationToken: Cancel);
        }

        await restore();
        await using (var node = await TestNode.StartAsync(useStore, beforeStart: services => services.GetRequiredService<IRealtimeMessaging>().Channels.RenewEpochsAsync(Cancel)))
        {
            for (var n = 4; n <= 5; n++) await node.Messaging.Messages.SendAsync("a", $"new {n}", cancellationToken: Cancel);
            await using var bob = await node.ConnectAsync("bob");
            var resumed = await bob.RequestAsync($$"""{"type":"subscribe","id":2,"channel":"a","after":5,"epoch":"{{epoch}}"}""", 2);
            resumed.GetProperty("type").GetString().Should().Be("error", "the messages 4 and 5 that this client holds are not those of the log");
            resumed.GetProperty("code").GetString().Should().Be("conflict");
            (await node.Messaging.Messages.ReadHistoryAsync("a", cancellationToken: Cancel)).Messages.Select(message => message.Text)
                .Should().Equal("old 1", "old 2", "old 3", "new 4", "new 5");
        }
    }
}
