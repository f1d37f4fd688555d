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

    [Fact]
    public async Task Two_edits_at_once_make_no_content_that_no_interceptor_saw()
    {
        var both = new BothParts();
        await using var node = await TestNode.StartAsync(builder => builder.UseInMemoryStore().AddMessageInterceptor(_ => both));
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await PublishedAsync(node);
        await using var again = await node.ConnectAsync("ann");
        both.Hold = true;
        await ann.SendAsync("""{"type":"edit","id":3,"channel":"a","sequence":1,"text":"half"}""");
        await both.Waits.Task.WaitAsync(Cancel);
        (await again.RequestAsync("""{"type":"edit","id":4,"channel":"a","sequence":1,"data":"half"}""", 4)).GetProperty("type").GetString().Should().Be("ok");
        both.Go.SetResult();
        var reply = await ann.ReplyAsync(3);
        reply.TryGetProperty("code", out var code).Should().BeTrue("this came: {0}", reply);
        code.GetString().Should().Be("forbidden");
        (await PublishOrderTests.ReadAllAsync(node, "a")).Should().ContainSingle().Which.Text.Should().Be("hello");
    }

    [Fact]
    public async Task What_an_interceptor_makes_of_an_edit_a_reaction_and_a_signal_is_what_others_get()
    {
        await using var node = await TestNode.StartAsync(builder => builder.UseInMemoryStore().AddMessageInterceptor<Marker>());
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await PublishedAsync(node);
        await using var bob = await node.ConnectAsync("bob");
        await bob.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        await ann.RequestAsync("""{"type":"edit","id":3,"channel":"a","sequence":1,"data":1}""", 3);
        await ann.RequestAsync("""{"type":"react","id":4,"channel":"a","sequence":1,"reaction":"+1"}""", 4);
        await ann.RequestAsync("""{"type":"signal","id":5,"channel":"a","name":"cursor","data":1}""", 5);
        await ann.RequestAsync("""{"type":"signal","id":6,"channel":"a","name":"typing"}""", 6);
        var message = (await PublishOrderTests.ReadAllAsync(node, "a")).Single();
        message.Content.Should().Be(new MessageContent("Edit 1 hello+", JsonValue.Parse("1")));
        message.Reactions.Should().ContainSingle().Which.Reaction.Should().Be("Reaction 1 +1");
        var seen = await bob.WaitAsync(frame => frame.TryGetProperty("name", out var name) && name.GetString() == "cursor", "the signal");
        seen.GetProperty("data").GetString().Should().Be("Signal cursor");
        (await bob.WaitAsync(frame => frame.TryGetProperty("name", out var name) && name.GetString() == "typing", "typing"))
            .TryGetProperty("data", out _).Should().BeFalse();
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
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        return node;
    }

    private static async Task<TestClient> PublishedAsync(TestNode node)
    {
        var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync(PublishOrderTests.Publish(2, "a", Guid.NewGuid(), "hello"), 2);
        return ann;
    }

    /// <summary>Refuses what has "half" in both parts, and lets the first edit wait.</summary>
    private sealed class BothParts : IMessageInterceptor
    {
        public bool Hold { get; set; }

        public TaskCompletionSource Waits { get; } = new();

        public TaskCompletionSource Go { get; } = new();

        public async ValueTask<MessageContent> InterceptAsync(InterceptRequest request, CancellationToken cancellationToken)
        {
            if (Hold)
            {
                Hold = false;
                Waits.SetResult();
                await Go.Task.WaitAsync(cancellationToken);
            }

            return request.Content is { Text: "half", Data: not null } ? throw new MessageRefusedException("Both halves.") : request.Content;
        }
    }

    private sealed class Marker : IMessageInterceptor
    {
        public ValueTask<MessageContent> InterceptAsync(InterceptRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(request.Kind switch
        {
            ContentKind.Post => request.Content with { Text = $"{request.Content.Text}+" },
            ContentKind.Signal => request.Content with { Data = JsonValue.Parse($"\"Signal {request.Signal}\"") },
            _ => request.Content with { Text = $"{request.Kind} {request.Sequence} {request.Content.Text}" },
        });
    }

    private sealed class NoLinks : IMessageInterceptor
    {
        public ValueTask<MessageContent> InterceptAsync(InterceptRequest request, CancellationToken cancellationToken) =>
            $"{request.Content.Text} {request.Content.Data} {request.Content.Attachments}".Contains("://", StringComparison.Ordinal)
                ? throw new MessageRefusedException("No links here.")
                : ValueTask.FromResult(request.Content);
    }
}
