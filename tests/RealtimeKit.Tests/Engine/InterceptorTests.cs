using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Whatever clients send that readers will see passes the interceptors: posts, edits, reactions and signals.</summary>
public sealed class InterceptorTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("\"text\":\"see https://evil.example\"")]
    [InlineData("\"data\":{\"see\":\"https://evil.example\"}")]
    [InlineData("\"attachments\":[{\"url\":\"https://evil.example/x.exe\"}]")]
    public async Task An_edit_passes_the_interceptors(string edit)
    {
        await using var node = await StartAsync();
        await using var ann = await PublishedAsync(node);
        var reply = await ann.RequestAsync($$"""{"type":"edit","id":3,"channel":"a","sequence":1,{{edit}}}""", 3);
        Refused(reply);
        (await PublishOrderTests.ReadAllAsync(node, "a")).Should().ContainSingle().Which.Content.Should().Be(new MessageContent("hello"));
    }

    [Fact]
    public async Task A_reaction_passes_the_interceptors_and_taking_it_back_does_not()
    {
        await using var node = await StartAsync();
        await using var ann = await PublishedAsync(node);
        Refused(await ann.RequestAsync("""{"type":"react","id":3,"channel":"a","sequence":1,"reaction":"https://evil.example"}""", 3));
        (await ann.RequestAsync("""{"type":"react","id":4,"channel":"a","sequence":1,"reaction":"https://evil.example","remove":true}""", 4))
            .GetProperty("type").GetString().Should().Be("ok");
        (await PublishOrderTests.ReadAllAsync(node, "a")).Should().ContainSingle().Which.Reactions.Should().BeEmpty();
    }

    [Fact]
    public async Task A_signal_passes_the_interceptors()
    {
        await using var node = await StartAsync();
        await using var ann = await PublishedAsync(node);
        await using var bob = await node.ConnectAsync("bob");
        await bob.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        Refused(await ann.RequestAsync("""{"type":"signal","id":3,"channel":"a","name":"cursor","data":{"at":"https://evil.example"}}""", 3));
        (await ann.RequestAsync("""{"type":"signal","id":4,"channel":"a","name":"cursor","data":{"at":1}}""", 4))
            .GetProperty("type").GetString().Should().Be("ok");
        var seen = await bob.WaitAsync(frame => frame.TryGetProperty("name", out var name) && name.GetString() == "cursor", "the signal");
        seen.GetProperty("data").GetProperty("at").ValueKind.Should().Be(JsonValueKind.Number);
    }

    private static void Refused(JsonElement reply)
    {
        reply.TryGetProperty("code", out var code).Should().BeTrue("this came: {0}", reply);
        code.GetString().Should().Be("forbidden");
        reply.GetProperty("message").GetString().Should().Be("No links here.");
    }

    private static async Task<TestNode> StartAsync()
    {
        var node = await TestNode.StartAsync(builder => builder.UseInMemoryStore().AddMessageInterceptor<NoLinks>());
        await node.Messaging.EnsureChannelAsync("a", cancellationToken: Cancel);
        return node;
    }

    private static async Task<TestClient> PublishedAsync(TestNode node)
    {
        var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync(PublishOrderTests.Publish(2, "a", Guid.NewGuid(), "hello"), 2);
        return ann;
    }

    private sealed class NoLinks : IMessageInterceptor
    {
        public ValueTask<MessageContent> InterceptAsync(InterceptRequest request, CancellationToken cancellationToken) =>
            $"{request.Content.Text} {request.Content.Data} {request.Content.Attachments}".Contains("://", StringComparison.Ordinal)
                ? throw new MessageRefusedException("No links here.")
                : ValueTask.FromResult(request.Content);
    }
}
