using System.Collections.Concurrent;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Protocol;
using RealtimeKit.Tests.Engine.Nodes;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>What a host's audit sink receives.</summary>
public sealed class AuditTests
{
    private static readonly string[] Requests =
    [
        "\"type\":\"mute\",\"user\":\"eve\",\"reason\":\"loud\"", "\"type\":\"mute\",\"user\":\"eve\",\"reason\":\"loud\"", "\"type\":\"update\",\"closed\":true",
        "\"type\":\"pin\",\"sequence\":1", "\"type\":\"pin\",\"sequence\":1",
        "\"type\":\"delete\",\"sequence\":1", "\"type\":\"delete\",\"sequence\":1", "\"type\":\"ban\",\"user\":\"bob\"",
    ];

    private readonly Recorder _sink = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_moderator_does_is_audited_once_and_what_changes_nothing_is_not()
    {
        await using var node = await StartAsync();
        await using var ann = await node.ConnectAsync("ann");
        await using var bob = await node.ConnectAsync("bob");
        await bob.RequestAsync(PublishOrderTests.Publish(2, "a", Guid.NewGuid(), "secret"), 2);
        foreach (var (id, request) in Requests.Index()) (await ann.RequestAsync($$"""{"id":{{id + 10}},"channel":"a",{{request}}}""", id + 10)).GetProperty("type").GetString().Should().Be("ok");
        // What the application does, it knows.
        await node.Messaging.Moderation.BanAsync("a", "carl", cancellationToken: Cancel);
        _sink.Of<ModerationEvent>().Select(one => $"{one.Channel}: {one.Action.By} {one.Action.Change} {one.Action.User} {one.Action.Sequence} {one.Action.Reason}".TrimEnd())
            .Should().Equal("a: ann mute eve  loud", "a: ann update", "a: ann pin  1", "a: ann delete bob 1", "a: ann ban bob");
    }

    [Theory]
    [InlineData("b", "\"type\":\"history\"", ChannelOperation.Read, null)]
    [InlineData("b", "\"type\":\"publish\",\"message\":{\"id\":\"3f0f0a63-1c5e-4cb3-8b0e-0f0f6a1c9d01\",\"text\":\"secret\"}", ChannelOperation.Publish, null)]
    [InlineData("a", "\"type\":\"ban\",\"user\":\"ann\"", ChannelOperation.Ban, "ann")]
    [InlineData("a", "\"type\":\"update\",\"name\":\"x\"", ChannelOperation.Update, null)]
    public async Task A_refused_permission_is_audited_whether_or_not_the_user_learns_of_the_channel(string channel, string request, ChannelOperation operation, string? target)
    {
        await using var node = await StartAsync();
        await using var bob = await node.ConnectAsync("bob");
        (await bob.RequestAsync($$"""{"id":5,"channel":"{{channel}}",{{request}}}""", 5)).GetProperty("type").GetString().Should().Be("error");
        await bob.RequestAsync("""{"type":"history","id":6,"channel":"nowhere"}""", 6);
        var refused = _sink.Of<PermissionRefusedEvent>().Should().ContainSingle("a channel that is not there was not refused").Which;
        refused.Should().BeEquivalentTo(new { User = "bob", Channel = channel, Operation = operation, Target = target });
        refused.Time.Offset.Should().Be(TimeSpan.Zero);
        _sink.Text.Should().NotContain("secret");
    }

    [Fact]
    public async Task Ended_connections_are_audited_with_the_reason_where_the_node_had_one()
    {
        await using var node = await StartAsync();
        await using (await node.ConnectAsync("ann"))
        {
        }

        await using var bob = await node.ConnectAsync("bob");
        await node.Messaging.Users.DisconnectAsync("bob", "Go.", Cancel);
        await bob.ClosedAsync();
        await Until.TrueAsync(() => _sink.Of<DisconnectedEvent>().Count == 2, "both have ended");
        _sink.Of<DisconnectedEvent>().Select(one => $"{one.User} {one.Code} {one.Reason}".TrimEnd()).Should().BeEquivalentTo("ann", "bob Disconnected Go.");
    }

    [Fact]
    public async Task A_refused_sign_in_is_audited()
    {
        await using var node = await TestNode.StartAsync(build => build.UseInMemoryStore().UseAuthenticator<TokenAuthenticator>().AddAuditSink(_ => _sink));
        await using var client = new TestClient(node.Transport.Connect(token: null));
        await client.SendAsync("""{"type":"connect","id":1,"token":"secret"}""");
        (await client.ClosedAsync()).Should().Be(CloseCode.Unauthenticated);
        _sink.Of<SignInRefusedEvent>().Should().ContainSingle();
        _sink.Of<DisconnectedEvent>().Should().BeEmpty("nobody was connected");
        _sink.Text.Should().NotContain("secret");
    }

    [Fact]
    public async Task A_sink_that_throws_is_logged_and_holds_nobody_up()
    {
        _sink.Throws = true;
        await using var node = await StartAsync();
        await using var bob = await node.ConnectAsync("bob");
        (await bob.RequestAsync("""{"type":"ban","id":5,"channel":"a","user":"ann"}""", 5)).GetProperty("code").GetString().Should().Be("forbidden");
        (await bob.RequestAsync("""{"type":"ping","id":6}""", 6)).GetProperty("type").GetString().Should().Be("ok");
        node.Log.Entries.Should().ContainSingle(entry => entry.Text.Contains("An audit sink failed"));
    }

    private async Task<TestNode> StartAsync()
    {
        var node = await TestNode.StartAsync(build => build.UseInMemoryStore().AddAuditSink(_ => _sink));
        await node.Messaging.Channels.EnsureAsync("a", owner: "ann", cancellationToken: Cancel);
        await node.Messaging.Channels.EnsureAsync("b", ChannelKind.Private, cancellationToken: Cancel);
        return node;
    }

    private sealed class Recorder : IAuditSink
    {
        private readonly ConcurrentQueue<AuditEvent> _events = new();

        public bool Throws { get; set; }

        public string Text => string.Join('\n', _events);

        public List<T> Of<T>() where T : AuditEvent => [.. _events.OfType<T>()];

        public void Write(AuditEvent audited)
        {
            if (Throws) throw new InvalidOperationException("The audit's disk is full.");
            _events.Enqueue(audited);
        }
    }
}
