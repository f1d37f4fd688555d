using System.Collections.Concurrent;
using System.Net;
using FluentAssertions;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Files;

/// <summary>What a host's audit sink receives of requests for files.</summary>
public sealed class FileAuditTests
{
    private readonly Recorder _sink = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_refused_sign_in_is_audited_and_a_request_of_nobody_is_not()
    {
        await using var host = await FileHost.StartAsync(audit: _sink);
        foreach (var (method, id) in new[] { ("POST", null), ("GET", new string('a', 32)), ("HEAD", new string('a', 32)) })
        {
            using var refused = await host.SendAsync(method, id, "wrong");
            refused.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
            using var nobody = await host.SendAsync(method, id, null);
            nobody.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        }

        _sink.Events.Should().HaveCount(3).And.AllBeOfType<SignInRefusedEvent>();
        var one = (SignInRefusedEvent)_sink.Events.First();
        one.Address.Should().Be(IPAddress.Loopback);
        one.Connection.Should().NotBeEmpty();
        one.Time.Should().Be(host.Time.GetUtcNow());
        string.Join(' ', _sink.Events).Should().NotContain("wrong");
        await host.UploadAsync("ann", [1]);
        _sink.Events.Should().HaveCount(3);
    }

    [Fact]
    public async Task A_refused_permission_is_audited()
    {
        await using var host = await FileHost.StartAsync(audit: _sink);
        await host.Messaging.Channels.EnsureAsync("secret", ChannelKind.Private, owner: "bob", cancellationToken: Cancel);
        using var begun = await host.BeginAsync("ann", 1, channel: "secret");
        begun.StatusCode.Should().Be(HttpStatusCode.NotFound);
        using var nowhere = await host.BeginAsync("ann", 1, channel: "nowhere");
        var file = await host.UploadAsync("bob", [1], "secret");
        await host.Messaging.Messages.SendAsync("secret", new OutgoingMessage { Attachments = JsonValue.Parse($$"""[{"file":"{{file}}"}]""") }, "bob", Cancel);
        (await host.GetAsync("ann", file)).Should().Be(404);
        _sink.Events.Cast<PermissionRefusedEvent>().Select(one => $"{one.User} {one.Channel} {one.Operation}").Should().Equal("ann secret Publish", "ann secret Read");
    }

    private sealed class Recorder : IAuditSink
    {
        public ConcurrentQueue<AuditEvent> Events { get; } = new();

        public void Write(AuditEvent audited) => Events.Enqueue(audited);
    }
}
