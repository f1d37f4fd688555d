using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>More is to be written than one turn takes, and then nothing happens that would wake a reader again.</summary>
public sealed class WriteTurnsTests
{
    private const int Readers = 200;

    [Fact]
    public async Task Readers_for_whom_a_turn_has_no_room_get_theirs_in_the_next()
    {
        // With its clock standing still the node neither pings nor tells who came: only this one message is to be written.
        await using var node = await TestNode.StartAsync(time: new FakeTimeProvider());
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        var readers = new List<TestClient>();
        for (var reader = 0; reader < Readers; reader++)
        {
            readers.Add(await node.ConnectAsync($"reader-{reader}"));
            await readers[^1].RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        }

        // Some 800 KB in all, where a turn takes 64.
        await node.Messaging.Messages.SendAsync("a", new OutgoingMessage { Text = new string('x', 4_000) }, cancellationToken: TestContext.Current.CancellationToken);

        foreach (var reader in readers)
            (await reader.WaitForAsync("event")).GetProperty("version").GetInt64().Should().Be(1);
        foreach (var reader in readers) await reader.DisposeAsync();
    }
}
