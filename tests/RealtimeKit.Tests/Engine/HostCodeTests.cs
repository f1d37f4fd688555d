using System.Diagnostics.Metrics;
using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.Brokers;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>The host's own code fails, or takes its time: the request suffers, the connection and the others do not.</summary>
public sealed class HostCodeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_authorizer_that_throws_at_once_fails_the_publish_and_not_the_connection()
    {
        var authorizer = new Authorizer();
        await using var node = await StartAsync(authorizer);
        await using var ann = await node.ConnectAsync("ann");
        (await PublishAsync(ann, 2)).Should().Be("published");
        authorizer.Decide = () => throw new InvalidOperationException("The test's own.");
        (await PublishAsync(ann, 3)).Should().Be("internal");
        authorizer.Decide = Authorizer.Allow;
        (await PublishAsync(ann, 4)).Should().Be("published");
    }

    [Fact]
    public async Task An_authorizer_that_takes_its_time_is_asked_once_for_a_publish()
    {
        var authorizer = new Authorizer();
        await using var node = await StartAsync(authorizer);
        await using var ann = await node.ConnectAsync("ann");
        await PublishAsync(ann, 2);
        authorizer.Decide = async () =>
        {
            await Task.Yield();
            return Access.Allowed;
        };
        var before = authorizer.Asked;
        (await PublishAsync(ann, 3)).Should().Be("published");
        (authorizer.Asked - before).Should().Be(1);
        authorizer.Decide = async () =>
        {
            await Task.Yield();
            return Access.Forbidden;
        };
        (await PublishAsync(ann, 4)).Should().Be("forbidden");
        (authorizer.Asked - before).Should().Be(2);
    }

    [Fact]
    public async Task A_publish_that_fails_is_answered_behind_those_that_were_sent_before_it()
    {
        var authorizer = new Authorizer();
        var (gate, memory) = (new TaskCompletionSource(), new InMemoryStore());
        var store = new FaultyStore(memory);
        await using var node = await StartAsync(authorizer, store, memory);
        await using var ann = await node.ConnectAsync("ann");
        await PublishAsync(ann, 2);
        store.Hold = gate.Task;
        var asked = 0;
        var failed = new TaskCompletionSource();
        authorizer.Decide = () =>
        {
            if (++asked == 1) return Authorizer.Allow();
            failed.TrySetResult();
            throw new InvalidOperationException("The test's own.");
        };
        await ann.SendAsync(Publish(3) + "\n" + Publish(4));
        await failed.Task;
        gate.SetResult();
        (await NextReplyAsync(ann)).GetProperty("id").GetInt64().Should().Be(3);
        (await NextReplyAsync(ann)).GetProperty("id").GetInt64().Should().Be(4);
    }

    [Fact]
    public async Task An_authenticator_whose_own_request_is_cancelled_refuses()
    {
        await using var node = await TestNode.StartAsync(builder => builder.UseInMemoryStore().UseAuthenticator<TiredAuthenticator>());
        await using var client = new TestClient(node.Transport.Connect("ann"));
        (await client.RequestAsync("""{"type":"connect","id":1}""", 1)).GetProperty("code").GetString().Should().Be("unauthenticated");
        (await client.ClosedAsync()).Should().Be(CloseCode.Unauthenticated);
    }

    [Fact]
    public async Task A_store_that_forgets_a_message_in_its_answer_fails_that_publish_and_no_other()
    {
        var memory = new InMemoryStore();
        var store = new FaultyStore(memory) { Answer = results => [.. results.Select(result => result with { Message = null })] };
        await using var node = await StartAsync(new Authorizer(), store, memory);
        await using var ann = await node.ConnectAsync("ann");
        (await PublishAsync(ann, 2)).Should().Be("internal");
        store.Answer = results => results;
        (await PublishAsync(ann, 3)).Should().Be("published");
    }

    [Fact]
    public async Task A_listener_to_the_numbers_that_throws_holds_no_publish_behind_it()
    {
        await using var node = await StartAsync(new Authorizer());
        var meters = node.Services.GetRequiredService<IMeterFactory>();
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, one) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, meters)) one.EnableMeasurementEvents(instrument);
        };
        var fails = true;
        listener.SetMeasurementEventCallback<double>((_, _, _, _) =>
        {
            if (!fails) return;
            fails = false;
            failed.TrySetResult();
            throw new InvalidOperationException("The test's own.");
        });
        listener.Start();
        await using var ann = await node.ConnectAsync("ann");
        (await PublishAsync(ann, 2)).Should().Be("published");
        await failed.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        (await ann.RequestAsync("""{"type":"ping","id":3}""", 3)).GetProperty("type").GetString().Should().Be("ok");
        (await PublishAsync(ann, 4)).Should().Be("published");
    }

    [Fact]
    public async Task An_interceptor_that_returns_what_no_message_may_hold_fails_that_publish_alone()
    {
        await using var node = await TestNode.StartAsync(builder => builder.UseInMemoryStore().AddMessageInterceptor<Shouter>());
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        (await PublishAsync(ann, 2, "long")).Should().Be("internal");
        (await PublishAsync(ann, 3, "nul")).Should().Be("internal");
        (await PublishAsync(ann, 4, "fine")).Should().Be("published");
        (await PublishOrderTests.ReadAllAsync(node, "a")).Should().ContainSingle().Which.Text.Should().Be("FINE");
    }

    [Fact]
    public async Task A_broker_that_throws_keeps_nobody_from_being_told_who_comes()
    {
        var time = new FakeTimeProvider();
        var broker = new ThrowingBroker();
        await using var node = await TestNode.StartAsync(
            builder =>
            {
                builder.UseInMemoryStore();
                builder.Services.AddSingleton<IMessageBroker>(broker);
            },
            time: time);
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await SubscribedAsync(node, "ann");
        broker.Fails = true;
        time.Advance(TimeSpan.FromMilliseconds(50));
        broker.Fails = false;
        await using var bob = await SubscribedAsync(node, "bob");
        time.Advance(TimeSpan.FromMilliseconds(50));
        var told = await ann.WaitForAsync("signal");
        told.GetProperty("user").GetString().Should().Be("bob");
        broker.Failed.Should().BePositive();
    }

    private static async Task<TestClient> SubscribedAsync(TestNode node, string user)
    {
        var client = await node.ConnectAsync(user);
        await client.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        // Whoever is answered is counted; that this was noted for telling is sure when the next request is answered.
        await client.RequestAsync("""{"type":"ping","id":3}""", 3);
        return client;
    }

    private static async Task<TestNode> StartAsync(IChannelAuthorizer authorizer, IMessageStore? messages = null, InMemoryStore? store = null)
    {
        store ??= new InMemoryStore();
        var node = await TestNode.StartAsync(builder =>
        {
            builder.Services.AddSingleton(messages ?? store);
            builder.Services.AddSingleton<IChannelStore>(store);
            builder.Services.AddSingleton(authorizer);
        });
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        return node;
    }

    private static string Publish(long id) => PublishOrderTests.Publish(id, "a", Guid.NewGuid(), "x");

    /// <summary>The reply's type, or the error's code.</summary>
    private static async Task<string?> PublishAsync(TestClient client, long id, string text = "x")
    {
        var reply = await client.RequestAsync(PublishOrderTests.Publish(id, "a", Guid.NewGuid(), text), id);
        var type = reply.GetProperty("type").GetString();
        return type == "error" ? reply.GetProperty("code").GetString() : type;
    }

    private static Task<JsonElement> NextReplyAsync(TestClient client) => client.WaitAsync(frame => frame.TryGetProperty("id", out _), "a reply");

    private sealed class Authorizer : IChannelAuthorizer
    {
        public static Func<ValueTask<Access>> Allow { get; } = () => ValueTask.FromResult(Access.Allowed);

        public Func<ValueTask<Access>> Decide { get; set; } = Allow;

        public int Asked { get; private set; }

        public ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken)
        {
            Asked++;
            return Decide();
        }
    }

    private sealed class Shouter : IMessageInterceptor
    {
        public ValueTask<MessageContent> InterceptAsync(InterceptRequest request, CancellationToken cancellationToken) =>
            ValueTask.FromResult(request.Content with
            {
                Text = request.Content.Text switch
                {
                    "long" => new string('!', ProtocolConstants.MaxTextLength + 1),
                    "nul" => "\0",
                    var text => text!.ToUpperInvariant(),
                },
            });
    }

    private sealed class TiredAuthenticator : IAuthenticator
    {
        public ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken) =>
            throw new TaskCanceledException("As of an HTTP client whose time is over.");
    }

    private sealed class ThrowingBroker : IMessageBroker
    {
        public bool Fails { get; set; }

        public int Failed { get; private set; }

        public ValueTask StartAsync(IBrokerReceiver receiver, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public void Publish(string channel, ReadOnlySpan<byte> payload)
        {
            if (!Fails) return;
            Failed++;
            throw new InvalidOperationException("The test's own.");
        }

        public ValueTask SubscribeAsync(string channel, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask UnsubscribeAsync(string channel, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
