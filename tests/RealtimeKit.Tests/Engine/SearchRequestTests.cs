using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>`search` in the engine: the host's own rules, a node without it, and the application's own search.</summary>
public sealed class SearchRequestTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Node_without_search_does_not_know_the_request()
    {
        await using var node = await TestNode.StartAsync(configure: options => options.Search = false);
        await using var ann = new TestClient(node.Transport.Connect("ann"));
        var connected = await ann.RequestAsync("""{"type":"connect","id":1}""", 1);
        (await ann.RequestAsync("""{"type":"search","id":2}""", 2)).GetProperty("code").GetString().Should().Be("unsupported");

        connected.GetProperty("features").EnumerateArray().Select(feature => feature.GetString()).Should().NotContain("search");
        await node.Messaging.Messages.Invoking(messages => messages.SearchAsync("x", cancellationToken: Cancel)).Should().ThrowAsync<NotSupportedException>();
    }

    [Fact]
    public async Task Store_that_cannot_search_has_no_search()
    {
        var memory = new InMemoryStore();
        await using var node = await TestNode.StartAsync(builder =>
        {
            builder.Services.AddSingleton<IMessageStore>(new FaultyStore(memory));
            builder.Services.AddSingleton<IChannelStore>(memory);
        });
        await using var ann = await node.ConnectAsync("ann");
        (await ann.RequestAsync("""{"type":"search","id":2,"query":"x"}""", 2)).GetProperty("code").GetString().Should().Be("unsupported");
    }

    [Fact]
    public async Task Search_may_be_registered_beside_the_store()
    {
        var memory = new InMemoryStore();
        await using var node = await TestNode.StartAsync(builder =>
        {
            builder.Services.AddSingleton<IMessageStore>(new FaultyStore(memory));
            builder.Services.AddSingleton<IChannelStore>(memory);
            builder.Services.AddSingleton<IMessageSearch>(memory);
        });
        await using var ann = await node.ConnectAsync("ann");
        (await ann.RequestAsync("""{"type":"search","id":2,"query":"x"}""", 2)).GetProperty("type").GetString().Should().Be("results");
    }

    [Fact]
    public async Task Rules_of_the_host_hide_channels_from_a_search()
    {
        await using var node = await TestNode.StartAsync(builder => builder.UseInMemoryStore().UseChannelAuthorizer<Tenants>());
        foreach (var channel in (string[])["red.a", "blue.a", "red.b"])
        {
            await node.Messaging.Channels.EnsureAsync(channel, cancellationToken: Cancel);
            await node.Messaging.Messages.SendAsync(channel, "word", cancellationToken: Cancel);
        }

        await using var ann = await node.ConnectAsync("red.ann");
        var reply = await ann.RequestAsync("""{"type":"search","id":2,"query":"word"}""", 2);
        reply.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("channel").GetString()).Should().BeEquivalentTo("red.a", "red.b");
        (await ann.RequestAsync("""{"type":"search","id":3,"query":"word","channel":"blue.a"}""", 3)).GetProperty("code").GetString().Should().Be("not_found");
        (await node.Messaging.Messages.SearchAsync("word", user: "blue.bob", cancellationToken: Cancel)).Messages.Select(found => found.Message.Channel).Should().Equal("blue.a");
        await node.Messaging.Messages.Invoking(messages => messages.SearchAsync("word", new SearchOptions { Channel = "red.a" }, "blue.bob", Cancel))
            .Should().ThrowAsync<ChannelNotFoundException>();
    }

    [Fact]
    public async Task Application_searches_as_itself_and_as_a_user()
    {
        // With a clock that nobody sets: what is found comes by time.
        await using var node = await TestNode.StartAsync(time: new SetClock(TimeProvider.System));
        await node.Messaging.Channels.EnsureAsync("open", cancellationToken: Cancel);
        await node.Messaging.Channels.EnsureAsync("closed", ChannelKind.Private, owner: "ann", cancellationToken: Cancel);
        await node.Messaging.Messages.SendAsync("open", "Ein Wort", "bob", Cancel);
        await node.Messaging.Messages.SendAsync("closed", "Wörter", "ann", Cancel);
        var messages = node.Messaging.Messages;

        (await messages.SearchAsync("wort", cancellationToken: Cancel)).Messages.Select(found => (found.Message.Channel, found.Matches[0])).Should()
            .Equal(("closed", new TextRange(0, 4)), ("open", new TextRange(4, 4)));
        (await messages.SearchAsync("wort", user: "ann", cancellationToken: Cancel)).Messages.Should().HaveCount(2);
        (await messages.SearchAsync("wort", user: "bob", cancellationToken: Cancel)).Messages.Should().ContainSingle(found => found.Message.Channel == "open");
        (await messages.SearchAsync("wort", new SearchOptions { Sender = "ann" }, cancellationToken: Cancel)).Messages.Should().ContainSingle();
        (await messages.SearchAsync("wort", new SearchOptions { Channel = "closed" }, cancellationToken: Cancel)).Messages.Should().ContainSingle();
        var first = await messages.SearchAsync("wort", new SearchOptions { Limit = 1 }, cancellationToken: Cancel);
        (await messages.SearchAsync("wort", new SearchOptions { Before = first.Next }, cancellationToken: Cancel)).Messages.Should().ContainSingle(found => found.Message.Channel == "open");
        await messages.Invoking(all => all.SearchAsync("wort", new SearchOptions { Channel = "none" }, cancellationToken: Cancel)).Should().ThrowAsync<ChannelNotFoundException>();
        await messages.Invoking(all => all.SearchAsync("!", cancellationToken: Cancel)).Should().ThrowAsync<ArgumentException>();
        await messages.Invoking(all => all.SearchAsync("x", new SearchOptions { Before = "x" }, cancellationToken: Cancel)).Should().ThrowAsync<ArgumentException>();
    }

    // The first part of a name is the tenant: whoever is of another one does not see the channel.
    private sealed class Tenants(IOptions<RealtimeOptions> options) : DefaultChannelAuthorizer(options)
    {
        public override ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken) =>
            request.User.Split('.')[0] == request.Channel.Split('.')[0] ? base.AuthorizeAsync(request, cancellationToken) : ValueTask.FromResult(Access.Hidden);
    }
}
