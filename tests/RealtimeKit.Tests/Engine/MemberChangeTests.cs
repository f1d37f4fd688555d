using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>A change of a member of any kind, by a client or by the host's code: what the store has after it, and who receives it.</summary>
public sealed class MemberChangeTests : IAsyncLifetime
{
    private readonly InMemoryStore _store = new();
    private readonly InMemoryBrokerNetwork _network = new();
    private readonly FaultyDirectory _directory;
    private TestNode _here = null!;
    private TestNode _there = null!;

    public MemberChangeTests() => _directory = new FaultyDirectory(_store);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (_here, _there) = (await StartAsync(), await StartAsync());
        await _here.Messaging.Channels.EnsureAsync("p", ChannelKind.Private, owner: "ann", cancellationToken: Cancel);
        await _here.Messaging.Channels.EnsureAsync("open", owner: "ann", cancellationToken: Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _here.DisposeAsync();
        await _there.DisposeAsync();
    }

    [Fact]
    public async Task Subscribers_of_every_node_receive_each_kind_of_change()
    {
        await using var near = await SubscribedAsync(_here, "p");
        await using var far = await SubscribedAsync(_there, "p");
        var messaging = _here.Messaging;
        (await messaging.Members.AddAsync("p", "bob", cancellationToken: Cancel)).Should().BeTrue();
        (await messaging.Members.AddAsync("p", "bob", ChannelRole.Owner, cancellationToken: Cancel)).Should().BeFalse("a member keeps the role");
        (await messaging.Members.SetRoleAsync("p", "bob", ChannelRole.Moderator, cancellationToken: Cancel)).Should().BeTrue();
        (await messaging.Members.SetRoleAsync("p", "bob", ChannelRole.Moderator, cancellationToken: Cancel)).Should().BeFalse();
        (await messaging.Members.SetRoleAsync("p", "cid", ChannelRole.Owner, cancellationToken: Cancel)).Should().BeTrue();
        (await messaging.Members.RemoveAsync("p", "bob", cancellationToken: Cancel)).Should().BeTrue();
        (await messaging.Members.RemoveAsync("p", "bob", cancellationToken: Cancel)).Should().BeFalse();
        foreach (var client in new[] { near, far })
        {
            var seen = new List<string>();
            while (seen.Count < 4) seen.Add(Show(await client.WaitForAsync("member")));
            seen.Should().Equal("bob joined member", "bob role moderator", "cid joined owner", "bob removed ");
        }

        // Changes of two nodes have no order, so this one comes when the others have arrived.
        await using var cid = await _there.ConnectAsync("cid");
        (await cid.RequestAsync("""{"type":"leave","id":2,"channel":"p"}""", 2)).GetProperty("type").GetString().Should().Be("ok");
        foreach (var client in new[] { near, far }) Show(await client.WaitForAsync("member")).Should().Be("cid left ");
    }

    [Fact]
    public async Task A_public_channel_has_no_frames_of_members_and_leaving_it_ends_no_subscription()
    {
        await using var ann = await SubscribedAsync(_there, "open");
        await using var bob = await _here.ConnectAsync("bob");
        await bob.RequestAsync("""{"type":"subscribe","id":2,"channel":"open"}""", 2);
        await bob.RequestAsync("""{"type":"join","id":3,"channel":"open"}""", 3);
        (await _store.FindAsync("open", "bob", Cancel))!.Role.Should().Be(ChannelRole.Member);
        await bob.RequestAsync("""{"type":"leave","id":4,"channel":"open"}""", 4);
        (await _store.FindAsync("open", "bob", Cancel))!.Role.Should().BeNull();
        await _here.Messaging.Messages.SendAsync("open", "last", cancellationToken: Cancel);
        foreach (var client in new[] { ann, bob })
        {
            var types = new List<string?>();
            while (types.LastOrDefault() != "event") types.Add((await client.ReadAsync())!.Value.GetProperty("type").GetString());
            types.Should().NotContain(["member", "revoked"]);
        }
    }

    [Fact]
    public async Task Somebody_who_is_promoted_while_joining_keeps_the_role()
    {
        await using var bob = await _here.ConnectAsync("bob");
        _directory.Found = async _ => await _store.ApplyAsync(new RoleChange("open", "bob", ChannelRole.Moderator), Cancel);
        (await bob.RequestAsync("""{"type":"join","id":2,"channel":"open"}""", 2)).GetProperty("type").GetString().Should().Be("ok");
        (await _store.FindAsync("open", "bob", Cancel))!.Role.Should().Be(ChannelRole.Moderator);
    }

    [Fact]
    public async Task A_channel_that_is_deleted_while_somebody_joins_is_not_found()
    {
        await using var bob = await _here.ConnectAsync("bob");
        _directory.Found = async _ => await _store.DeleteAsync("open", Cancel);
        (await bob.RequestAsync("""{"type":"join","id":2,"channel":"open"}""", 2)).GetProperty("code").GetString().Should().Be("not_found");
    }

    private Task<TestNode> StartAsync() => TestNode.StartAsync(builder =>
    {
        builder.Services.AddSingleton<IMessageStore>(_store);
        builder.Services.AddSingleton<IChannelStore>(_directory);
        builder.UseInMemoryBroker(_network);
    });

    private static async Task<TestClient> SubscribedAsync(TestNode node, string channel)
    {
        var client = await node.ConnectAsync("ann");
        await client.RequestAsync($$"""{"type":"subscribe","id":2,"channel":"{{channel}}"}""", 2);
        return client;
    }

    private static string Show(JsonElement frame) =>
        $"{frame.GetProperty("user").GetString()} {frame.GetProperty("change").GetString()} {(frame.TryGetProperty("role", out var role) ? role.GetString() : "")}";
}
