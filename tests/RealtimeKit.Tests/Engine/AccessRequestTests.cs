using System.Collections.Concurrent;
using System.Security.Claims;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>What an authorizer sees of a request.</summary>
public sealed class AccessRequestTests
{
    [Fact]
    public async Task An_authorizer_sees_claims_target_roles_and_state()
    {
        var cancel = TestContext.Current.CancellationToken;
        var asked = new Recorder();
        await using var node = await TestNode.StartAsync(builder =>
        {
            builder.UseInMemoryStore();
            builder.Services.AddSingleton<IChannelAuthorizer>(asked);
        });
        await node.Messaging.Channels.EnsureAsync("room", owner: "ann", cancellationToken: cancel);
        await node.Messaging.Members.AddAsync("room", "bob", ChannelRole.Moderator, cancellationToken: cancel);
        await node.Messaging.Moderation.MuteAsync("room", "ann", cancellationToken: cancel);
        await node.Messaging.Channels.UpdateAsync("room", new ChannelEdit { Closed = true }, cancellationToken: cancel);
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, "ann"), new Claim("team", "blue")], "test");
        await using var ann = new TestClient(node.Transport.Connect(new ClaimsPrincipal(identity)));
        await ann.RequestAsync("""{"type":"connect","id":1}""", 1);
        foreach (var (id, frame) in new[]
        {
            (2, """{"type":"ban","id":2,"channel":"room","user":"bob"}"""), (3, """{"type":"invite","id":3,"channel":"room","user":"cid","role":"owner"}"""),
            (4, """{"type":"publish","id":4,"channel":"room","message":{"id":"0198a5c4-0000-7000-8000-000000000001","text":"x"}}"""),
        })
            await ann.RequestAsync(frame, id);

        asked.Requests.Where(request => request.Operation != ChannelOperation.Read)
            .Select(request => (request.Operation, request.Role, request.Target, request.TargetRole, request.NewRole)).Should().Equal(
                (ChannelOperation.Ban, ChannelRole.Owner, "bob", ChannelRole.Moderator, null),
                (ChannelOperation.Invite, ChannelRole.Owner, "cid", null, ChannelRole.Owner),
                (ChannelOperation.Publish, ChannelRole.Owner, null, null, null));
        asked.Requests.Should().OnlyContain(request =>
            request.User == "ann" && request.Principal!.HasClaim("team", "blue") && request.IsMuted && request.IsClosed && !request.IsBanned);
    }

    private sealed class Recorder : IChannelAuthorizer
    {
        private readonly DefaultChannelAuthorizer _rules = new(Options.Create(new RealtimeOptions()));

        public ConcurrentQueue<AccessRequest> Requests { get; } = new();

        public ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken)
        {
            Requests.Enqueue(request);
            return _rules.AuthorizeAsync(request, cancellationToken);
        }
    }
}
