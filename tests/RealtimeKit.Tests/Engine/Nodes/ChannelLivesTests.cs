using FluentAssertions;
using RealtimeKit.Delivery;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine.Nodes;

/// <summary>A channel is deleted and another is made under its name, while words about the first are still on their way.</summary>
public sealed class ChannelLivesTests : IAsyncLifetime
{
    private readonly NodeGroup _group = new();
    private GroupNode _here = null!;

    public async ValueTask InitializeAsync()
    {
        _here = await _group.StartAsync();
        await _group.EnsureChannelAsync("a");
    }

    public ValueTask DisposeAsync() => _group.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_late_word_about_a_deleted_channel_is_none_about_its_successor(bool isEvent)
    {
        await using var bob = await _here.SubscribeAsync("bob", "a");
        Hear(isEvent ? BrokerNotice.Event : BrokerNotice.Head, ChannelHead.NewEpoch(), version: 1);
        Hear(isEvent ? BrokerNotice.Event : BrokerNotice.Head, ChannelHead.NewEpoch(), version: 57);
        await _here.SendAsync("a", "one");
        await _here.SendAsync("a", "two");
        (await EventAsync(bob)).Should().Be((1, "one"));
        (await EventAsync(bob)).Should().Be((2, "two"));
    }

    [Fact]
    public async Task A_late_word_that_comes_before_the_head_is_known_is_forgotten_with_it()
    {
        var release = new TaskCompletionSource();
        _here.Store.HoldHeads = (release.Task, new TaskCompletionSource());
        await using var bob = await _here.Node.ConnectAsync("bob");
        await bob.SendAsync("""{"type":"subscribe","id":2,"channel":"a"}""");
        await _here.Store.HoldHeads.Waits.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Hear(BrokerNotice.Event, ChannelHead.NewEpoch(), version: 57);
        release.SetResult();
        await bob.ReplyAsync(2);
        await _here.SendAsync("a", "one");
        (await EventAsync(bob)).Should().Be((1, "one"));
    }

    [Fact]
    public async Task A_head_that_the_store_does_not_have_is_looked_for_once()
    {
        await using var bob = await _here.SubscribeAsync("bob", "a");
        Hear(BrokerNotice.Head, _here.Engine.LocalChannels.Find("a")!.Epoch, version: 57);
        await bob.WaitForAsync("changes");
        await _here.SendAsync("a", "one");
        (await EventAsync(bob)).Should().Be((1, "one"));
    }

    private static async Task<(long Version, string? Text)> EventAsync(TestClient client)
    {
        var frame = (await client.ReadAsync())!.Value;
        frame.GetProperty("type").GetString().Should().Be("event");
        var message = frame.GetProperty("message");
        return (frame.GetProperty("message").GetProperty("version").GetInt64(), message.GetProperty("text").GetString());
    }

    // As another node's, which the broker has kept for long.
    private void Hear(BrokerNotice notice, string epoch, long version)
    {
        using var payload = new FrameBuffer();
        BrokerPayload.Write(payload, notice, Guid.NewGuid(), version, epoch, """{"type":"event","channel":"a"}"""u8);
        _here.Broker.Node.Receive("a", payload.WrittenSpan);
    }
}
