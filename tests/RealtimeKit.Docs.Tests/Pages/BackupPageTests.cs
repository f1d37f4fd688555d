using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Docs.Snippets;
using Xunit;

namespace RealtimeKit.Docs.Pages;

/// <summary>What docs/backup-and-restore.md says to type for SQLite does what the page says.</summary>
public sealed class BackupPageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backup-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_copy_that_is_made_under_way_is_restored_with_new_epochs()
    {
        var (live, backup) = (Path.Combine(_folder, "chat.db"), Path.Combine(_folder, "backup.db"));
        string before;
        await using (var app = Open(live))
        {
            await app.Messaging.Channels.EnsureAsync("lobby", cancellationToken: Cancel);
            await app.Messaging.Messages.SendAsync("lobby", "kept", cancellationToken: Cancel);
            await RunAsync(live, Sql("VACUUM INTO").Replace("backup.db", backup, StringComparison.Ordinal));
            await app.Messaging.Messages.SendAsync("lobby", "after the backup", cancellationToken: Cancel);
            before = (await app.Messaging.Messages.ReadHistoryAsync("lobby", cancellationToken: Cancel)).Head.Epoch;
        }

        await RunAsync(backup, Sql("randomblob"));
        await using var restored = Open(backup);
        var page = await restored.Messaging.Messages.ReadHistoryAsync("lobby", cancellationToken: Cancel);
        page.Messages.Select(message => message.Content.Text).Should().Equal("kept");
        page.Head.Epoch.Should().NotBe(before).And.MatchRegex("^[0-9a-f]{16}$");
        (await restored.Messaging.Messages.SendAsync("lobby", "again", cancellationToken: Cancel)).Sequence.Should().Be(2);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Sql(string part) =>
        Fence.All.Single(fence => fence is { Page: "docs/backup-and-restore.md", Language: "sql" } && fence.Code.Contains(part, StringComparison.Ordinal)).Code;

    private static async Task RunAsync(string file, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private static Node Open(string file)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddRealtimeMessaging().UseSqliteStore($"Data Source={file}");
        return new Node(builder.Build());
    }

    private sealed class Node(WebApplication app) : IAsyncDisposable
    {
        public IRealtimeMessaging Messaging => app.Services.GetRequiredService<IRealtimeMessaging>();

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
