using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>
/// Rights are part of the order: once the answer that took a right has come, no change that it forbade gets a version, on nodes that do not
/// hear each other. And who keeps the right notices nothing.
/// </summary>
public sealed class RightsOrderTests : IAsyncLifetime
{
    private readonly InMemoryStore _store = new();
    private readonly FaultyDirectory _directory;
    private readonly SlowAuthorizer _authorizer = new();
    private TestNode _here = null!;
    private TestNode _there = null!;

    public RightsOrderTests() => _directory = new FaultyDirectory(_store);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        // Two nodes without a broker, which do not even compare with the store while a test runs.
        (_here, _there) = (await StartAsync(), await StartAsync());
        await _here.Messaging.Channels.EnsureAsync("room", owner: "ann", cancellationToken: Cancel);
        await _here.Messaging.Members.AddAsync("room", "bob", cancellationToken: Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _here.DisposeAsync();
        await _there.DisposeAsync();
    }

    [Fact]
    public async Task A_publish_on_a_node_that_heard_nothing_of_the_mute_is_refused()
    {
        await using var bob = await _there.ConnectAsync("bob");
        var before = Guid.NewGuid();
        (await PublishAsync(bob, 2, before)).Should().Be("published", "the node has asked for bob's rights");
        await _here.Messaging.Moderation.MuteAsync("room", "bob", cancellationToken: Cancel);
        (await PublishAsync(bob, 3, Guid.NewGuid())).Should().Be("forbidden");
        (await PublishAsync(bob, 4, before)).Should().Be("published", "a copy of a stored message is acknowledged");
        (await ReplyAsync(bob, """{"type":"edit","id":5,"channel":"room","sequence":1,"text":"y"}""", 5)).Should().Be("forbidden");
        await _here.Messaging.Moderation.UnmuteAsync("room", "bob", cancellationToken: Cancel);
        (await PublishAsync(bob, 6, Guid.NewGuid())).Should().Be("published");
        await _here.Messaging.Moderation.BanAsync("room", "bob", cancellationToken: Cancel);
        (await PublishAsync(bob, 7, Guid.NewGuid())).Should().Be("forbidden");
        (await _store.FindAsync("room", "ann", Cancel))!.Head.Sequence.Should().Be(2);
    }

    [Fact]
    public async Task Who_keeps_the_right_publishes_on_in_order_while_others_rights_are_taken()
    {
        const int messages = 400;
        await using var ann = await _there.ConnectAsync("ann");
        var muting = Task.Run(async () =>
        {
            for (var user = 0; user < 100; user++) await _here.Messaging.Moderation.MuteAsync("room", $"user{user}", cancellationToken: Cancel);
        }, Cancel);
        for (var number = 1; number <= messages; number++) await ann.SendAsync(Publish(number + 1, Guid.NewGuid(), $"{number}"));
        for (var number = 1; number <= messages; number++)
        {
            var reply = await ann.ReplyAsync(number + 1);
            reply.GetProperty("type").GetString().Should().Be("published");
            reply.GetProperty("sequence").GetInt64().Should().Be(number, "the order is that of the sending");
        }

        await muting;
    }

    [Fact]
    public async Task What_is_decided_again_keeps_its_order_though_the_host_is_slow()
    {
        const int messages = 50;
        await using var ann = await _there.ConnectAsync("ann");
        (await PublishAsync(ann, 2, Guid.NewGuid())).Should().Be("published");
        await _here.Messaging.Moderation.MuteAsync("room", "bob", cancellationToken: Cancel);
        _directory.Found = async _ => await Task.Yield();
        for (var number = 1; number <= messages; number++) await ann.SendAsync(Publish(number + 2, Guid.NewGuid(), $"{number}"));
        for (var number = 1; number <= messages; number++)
            (await ann.ReplyAsync(number + 2)).GetProperty("sequence").GetInt64().Should().Be(number + 1);
    }

    [Fact]
    public async Task Where_the_store_is_away_while_it_is_decided_again_all_are_refused_in_order_and_can_be_sent_again()
    {
        await using var ann = await _there.ConnectAsync("ann");
        (await PublishAsync(ann, 2, Guid.NewGuid())).Should().Be("published");
        await _here.Messaging.Moderation.MuteAsync("room", "bob", cancellationToken: Cancel);
        _directory.Found = _ => throw new StoreUnavailableException("The test's store is away.");
        Guid[] ids = [Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid()];
        await ann.SendAsync(string.Concat(ids.Select((id, number) => Publish(number + 3, id, "x") + "\n")));
        for (var number = 0; number < ids.Length; number++)
            (await ann.ReplyAsync(number + 3)).GetProperty("code").GetString().Should().Be("unavailable");
        _directory.Found = _ => Task.CompletedTask;
        for (var number = 0; number < ids.Length; number++)
        {
            var reply = await ann.RequestAsync(Publish(number + 10, ids[number], "x"), number + 10);
            reply.GetProperty("sequence").GetInt64().Should().Be(number + 2);
        }
    }

    [Fact]
    public async Task Where_the_hosts_rules_fail_it_is_refused_for_now_and_nothing_passes_it()
    {
        await using var ann = await _there.ConnectAsync("ann");
        (await PublishAsync(ann, 2, Guid.NewGuid())).Should().Be("published");
        await _here.Messaging.Moderation.MuteAsync("room", "bob", cancellationToken: Cancel);
        // The first question is the publish's own; the second is the one after it turned out stale.
        _authorizer.FailsAt = 2;
        var id = Guid.NewGuid();
        var reply = await ann.RequestAsync(Publish(3, id, "x"), 3);
        reply.GetProperty("code").GetString().Should().Be("unavailable");
        (await PublishAsync(ann, 4, id)).Should().Be("published");
    }

    [Fact]
    public async Task What_was_sent_before_the_connection_ended_is_stored_as_a_beginning_of_it()
    {
        await using (var ann = await _there.ConnectAsync("ann"))
        {
            (await PublishAsync(ann, 2, Guid.NewGuid())).Should().Be("published");
            await _here.Messaging.Moderation.MuteAsync("room", "bob", cancellationToken: Cancel);
            var looks = new TaskCompletionSource();
            _directory.Found = _ => looks.Task;
            for (var number = 1; number <= 20; number++) await ann.SendAsync(Publish(number + 2, Guid.NewGuid(), $"{number}"));
            // Some are being decided again when the connection ends.
            ann.Abort();
            looks.SetResult();
        }

        while (await _there.Messaging.Users.GetConnectionCountAsync("ann", Cancel) > 0) await Task.Yield();
        await _here.Messaging.Messages.SendAsync("room", "last", cancellationToken: Cancel);
        var texts = (await _here.Messaging.Messages.ReadHistoryAsync("room", cancellationToken: Cancel)).Messages.Select(message => message.Content.Text).Where(text => text is not "x" and not "last").ToList();
        texts.Should().Equal(Enumerable.Range(1, texts.Count).Select(number => $"{number}"));
    }

    [Fact]
    public async Task A_channel_made_again_under_its_name_knows_no_rights_of_the_one_before()
    {
        await _here.Messaging.Channels.EnsureAsync("secret", ChannelKind.Private, owner: "ann", cancellationToken: Cancel);
        await _here.Messaging.Members.AddAsync("secret", "bob", cancellationToken: Cancel);
        await using var bob = await _there.ConnectAsync("bob");
        (await ReplyAsync(bob, Publish(2, Guid.NewGuid(), "x").Replace("room", "secret", StringComparison.Ordinal), 2)).Should().Be("published");
        await _here.Messaging.Channels.DeleteAsync("secret", Cancel);
        await _here.Messaging.Channels.EnsureAsync("secret", ChannelKind.Private, owner: "ann", cancellationToken: Cancel);
        (await ReplyAsync(bob, Publish(3, Guid.NewGuid(), "x").Replace("room", "secret", StringComparison.Ordinal), 3)).Should().Be("not_found");
        (await _store.FindAsync("secret", "ann", Cancel))!.Head.Sequence.Should().Be(0);
    }

    [Fact]
    public async Task Known_messages_are_answered_behind_those_that_are_decided_again()
    {
        await using var ann = await _there.ConnectAsync("ann");
        var known = Guid.NewGuid();
        (await PublishAsync(ann, 2, known)).Should().Be("published");
        for (var round = 0; round < 20; round++)
        {
            await _here.Messaging.Moderation.MuteAsync("room", $"user{round}", cancellationToken: Cancel);
            var id = 10 + (round * 10);
            await ann.SendAsync($"{Publish(id, Guid.NewGuid(), "new")}\n{Publish(id + 1, known, "x")}\n{Publish(id + 2, Guid.NewGuid(), "new")}");
            var answers = new List<long>();
            while (answers.Count < 3)
                if ((await ann.ReadAsync())!.Value is var frame && frame.TryGetProperty("id", out var answered)) answers.Add(answered.GetInt64());
            answers.Should().Equal(id, id + 1, id + 2);
        }
    }

    [Fact]
    public async Task A_deleted_channel_is_not_found_when_it_is_decided_again()
    {
        await using var ann = await _there.ConnectAsync("ann");
        (await PublishAsync(ann, 2, Guid.NewGuid())).Should().Be("published");
        await _here.Messaging.Channels.DeleteAsync("room", Cancel);
        (await PublishAsync(ann, 3, Guid.NewGuid())).Should().Be("not_found");
    }

    private Task<TestNode> StartAsync() => TestNode.StartAsync(
        builder =>
        {
            builder.Services.AddSingleton<IMessageStore>(_store);
            builder.Services.AddSingleton<IChannelStore>(_directory);
            builder.Services.AddSingleton<IChannelAuthorizer>(_authorizer);
        },
        options => options.RepairInterval = TimeSpan.FromMinutes(10));

    private static string Publish(long id, Guid message, string text) =>
        $$$"""{"type":"publish","id":{{{id}}},"channel":"room","message":{"id":"{{{message}}}","text":"{{{text}}}"}}""";

    private static Task<string> PublishAsync(TestClient client, long id, Guid message) => ReplyAsync(client, Publish(id, message, "x"), id);

    private static async Task<string> ReplyAsync(TestClient client, string frame, long id)
    {
        JsonElement reply = await client.RequestAsync(frame, id);
        return (reply.TryGetProperty("code", out var code) ? code : reply.GetProperty("type")).GetString()!;
    }

    /// <summary>The default rules, which fail once when a test says so.</summary>
    private sealed class SlowAuthorizer : IChannelAuthorizer
    {
        private readonly DefaultChannelAuthorizer _rules = new(Microsoft.Extensions.Options.Options.Create(new RealtimeOptions()));

        public int FailsAt { get; set; }

        public ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken) =>
            FailsAt > 0 && --FailsAt == 0 ? throw new InvalidOperationException("The test's rules fail.") : _rules.AuthorizeAsync(request, cancellationToken);
    }
}
