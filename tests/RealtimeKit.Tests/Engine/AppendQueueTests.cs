using System.Collections.Concurrent;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Hosting;
using RealtimeKit.InMemory;
using RealtimeKit.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using RealtimeKit.Tests.Engine.Nodes;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>What the store is given, and what becomes of a batch that it cannot take.</summary>
public sealed class AppendQueueTests
{
    private const int Mebibyte = 1_024 * 1_024;

    private static readonly JsonValue Large = JsonValue.Parse($"\"{new string('x', 60_000)}\"");

    private readonly InMemoryStore _memory = new();
    private readonly ConcurrentQueue<MessageChange[]> _batches = new();
    private readonly FaultyStore _store;
    private readonly Observer _observer = new();

    public AppendQueueTests() => _store = new FaultyStore(_memory) { Before = NoteAsync };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_waits_for_a_slow_store_is_bounded_and_holds_up_nobody_else()
    {
        await using var node = await StartAsync();
        var queue = node.Services.GetRequiredService<RealtimeNode>().Appends;
        var goesOn = NewGate();
        _store.Before = _ => goesOn.Task;

        // Some 24 MB in all.
        var flood = Enumerable.Range(0, 400).Select(_ => node.Messaging.Messages.SendAsync("a", new OutgoingMessage { Data = Large }, "eve", Cancel)).ToList();
        await Until.TrueAsync(() => queue.WaitingBytes > AppendQueue.MostWaitingBytes, "the queue is full");
        var waiting = queue.Waiting;
        var other = node.Messaging.Messages.SendAsync("a", new OutgoingMessage { Text = "hello" }, "ben", Cancel);
        await Until.TrueAsync(() => queue.Waiting > waiting, "another user's message is taken");

        queue.WaitingBytes.Should().BeLessThan(AppendQueue.MostWaitingBytes + (2 * Large.Utf8.Length));
        goesOn.SetResult();
        await other;
        await Task.WhenAll(flood);
    }

    [Fact]
    public async Task What_was_given_to_a_call_that_failed_is_not_used_again()
    {
        await using var node = await StartAsync();
        await using var reader = await SubscribedAsync(node, "eve");
        var (firstBegan, secondBegan, firstFails, secondGoesOn) = (NewGate(), NewGate(), NewGate(), NewGate());
        IReadOnlyList<MessageChange>? given = null;
        _store.Before = async changes =>
        {
            if (given is not null)
            {
                secondBegan.SetResult();
                await secondGoesOn.Task;
                return;
            }

            given = changes;
            firstBegan.SetResult();
            await firstFails.Task;
            throw new StoreUnavailableException("The test gave the call up.");
        };
        var abandoned = SendAsync(node, "ann", "m0");
        await firstBegan.Task;
        var sent = SendAsync(node, "ben", "n1");
        firstFails.SetResult();
        await ((Func<Task>)(() => abandoned)).Should().ThrowAsync<StoreUnavailableException>();
        await secondBegan.Task;

        // What was under way goes on after its caller was answered.
        await _memory.AppendAsync(given!, Cancel);
        secondGoesOn.SetResult();

        given.Should().ContainSingle().Which.Should().BeOfType<PostChange>().Which.Content.Text.Should().Be("m0");
        (await sent).Duplicate.Should().BeFalse("it was sent once");
        await Until.TrueAsync(() => _observer.Texts.Contains("n1"), "the observer is told of what this node stored");
        (await TextsAsync(reader, 2)).Should().Equal("m0", "n1");
    }

    [Fact]
    public async Task A_change_that_cannot_be_stored_is_refused_alone()
    {
        await using var node = await StartAsync();
        await using var reader = await SubscribedAsync(node, "eve");
        await using var ann = await node.ConnectAsync("ann");
        await using var bob = await node.ConnectAsync("bob");
        _store.Before = changes => changes.OfType<PostChange>().Any(post => post.Content.Text == "bob 7")
            ? throw new InvalidOperationException("The test's own.") : NoteAsync(changes);
        await using (await HeldAsync(node))
        {
            await PublishManyAsync(ann, "ann", 10);
            await PublishManyAsync(bob, "bob", 10);
            await QueuedAsync(node, 20);
        }

        (await OutcomesAsync(ann, 10)).Should().AllBe("published");
        (await OutcomesAsync(bob, 10)).Should().Equal(Enumerable.Range(1, 10).Select(number => number == 7 ? "internal" : "published"));
        var texts = await TextsAsync(reader, 20);
        texts.Where(text => text.StartsWith("ann", StringComparison.Ordinal)).Should().Equal(Numbered("ann", 10));
        texts.Where(text => text.StartsWith("bob", StringComparison.Ordinal)).Should().Equal(Numbered("bob", 10).Where(text => text != "bob 7"));
        node.Log.Entries.Should().ContainSingle("one fault is logged once").Which.Text.Should().Contain("1 of 20").And.Contain("The test's own.");
    }

    [Fact]
    public async Task A_batch_that_failed_after_its_commit_is_answered_observed_and_read_like_any_other()
    {
        await using var node = await StartAsync();
        await using var reader = await SubscribedAsync(node, "eve");
        await using var ann = await node.ConnectAsync("ann");
        await using (await HeldAsync(node))
        {
            await PublishManyAsync(ann, "ann", 5);
            await QueuedAsync(node, 5);
            _store.Answer = results =>
            {
                if (results.Count < 5) return results;
                _store.Answer = one => one;
                throw new InvalidOperationException("The test lost the answer.");
            };
        }

        for (var id = 1; id <= 5; id++)
        {
            var reply = await ann.ReplyAsync(100 + id);
            reply.GetProperty("type").GetString().Should().Be("published");
            reply.GetProperty("duplicate").GetBoolean().Should().BeFalse("it was sent once");
        }

        (await TextsAsync(reader, 6)).Should().Equal(["held", .. Numbered("ann", 5)]);
        await Until.TrueAsync(() => _observer.Texts.Count >= 6, "the observer is told of all");
        _observer.Texts.Should().Equal(["held", .. Numbered("ann", 5)]);
    }

    [Fact]
    public async Task An_outage_amid_the_second_attempts_refuses_what_is_left_and_nothing_passes_it()
    {
        await using var node = await StartAsync();
        await using var ann = await node.ConnectAsync("ann");
        var calls = 0;
        _store.Before = changes => changes.Count == 1 && ((PostChange)changes[0]).Content.Text == "held" ? Task.CompletedTask
            : ++calls == 1 ? throw new InvalidOperationException("The test's own.")
            : calls == 3 ? throw new StoreUnavailableException("The test took the store away.") : NoteAsync(changes);
        await using (await HeldAsync(node))
        {
            await PublishManyAsync(ann, "ann", 16);
            await QueuedAsync(node, 16);
        }

        var outcomes = await OutcomesAsync(ann, 16);
        outcomes.Take(8).Should().AllBe("published");
        outcomes.Skip(8).Should().AllBe("unavailable");
        calls.Should().Be(3, "a store that is away is not asked for each half");
    }

    [Fact]
    public async Task A_fault_of_the_node_itself_ends_its_batch_and_not_the_next()
    {
        await using var node = await StartAsync();
        var broken = new BrokenAppend();
        node.Services.GetRequiredService<RealtimeNode>().Appends.Enqueue(broken);
        (await broken.Failure.WaitAsync(TimeSpan.FromSeconds(30), Cancel)).Should().BeOfType<InvalidOperationException>();
        (await SendAsync(node, "ann", "next")).Duplicate.Should().BeFalse();
        node.Log.Entries.Should().ContainSingle().Which.Text.Should().Contain("The test's own.");
    }

    [Fact]
    public async Task A_batch_ends_at_two_mebibytes()
    {
        await using var node = await StartAsync();
        Task[] sent;
        await using (await HeldAsync(node)) sent = [.. Enumerable.Range(0, 100).Select(_ => SendLargeAsync(node, "ann"))];
        await Task.WhenAll(sent);
        _batches.Select(Size).Should().OnlyContain(size => size <= 2 * Mebibyte);
        _batches.Should().HaveCountLessThan(6, "a batch is filled as far as it may be");
    }

    [Fact]
    public async Task After_an_outage_batches_are_smaller_and_grow_again()
    {
        await using var node = await StartAsync();
        var capacity = 600_000;
        _store.Before = changes =>
        {
            _batches.Enqueue([.. changes]);
            return Size(changes) > capacity ? throw new StoreUnavailableException("The test's store takes too long for this.") : Task.CompletedTask;
        };
        var waiting = 60;
        for (var round = 0; waiting > 0; round++)
        {
            round.Should().BeLessThan(20, "what is sent again comes through in smaller batches");
            Task<bool>[] sent;
            await using (await HeldAsync(node)) sent = [.. Enumerable.Range(0, waiting).Select(_ => TryAsync(SendLargeAsync(node, "ann")))];
            waiting = (await Task.WhenAll(sent)).Count(stored => !stored);
        }

        _batches.Max(Size).Should().BeGreaterThan(Mebibyte, "the first was tried whole");
        _batches.Clear();
        capacity = int.MaxValue;
        for (var round = 0; _batches.Select(Size).DefaultIfEmpty().Max() < 3 * Mebibyte / 2; round++)
        {
            round.Should().BeLessThan(20, "batches grow while the store takes them");
            _batches.Clear();
            Task[] sent;
            await using (await HeldAsync(node)) sent = [.. Enumerable.Range(0, 60).Select(_ => SendLargeAsync(node, "ann"))];
            await Task.WhenAll(sent);
        }
    }

    [Fact]
    public async Task One_user_with_many_connections_does_not_hold_up_another()
    {
        const int connections = 10, window = 16;
        await using var node = await StartAsync();
        await using var ann = await node.ConnectAsync("ann");
        List<TestClient> flood = [];
        await using (await HeldAsync(node))
        {
            for (var number = 0; number < connections; number++)
            {
                var client = await node.ConnectAsync("mallory");
                flood.Add(client);
                for (var id = 1; id <= window; id++)
                    await client.SendAsync($$"""{"type":"publish","id":{{100 + id}},"channel":"a","message":{"id":"{{Guid.NewGuid()}}","data":{{Large}}} }""");
            }

            await QueuedAsync(node, connections * window);
            await PublishManyAsync(ann, "ann", 5);
            await QueuedAsync(node, (connections * window) + 5);
        }

        (await OutcomesAsync(ann, 5)).Should().AllBe("published");
        foreach (var client in flood) await client.ReplyAsync(100 + window);
        var batches = _batches.ToList();
        var last = batches.FindLastIndex(batch => batch.OfType<PostChange>().Any(post => post.Sender == "ann"));
        batches.Take(last + 1).Sum(Size).Should().BeLessThan(3 * Mebibyte, $"{batches.Sum(Size)} bytes were sent before");
        foreach (var client in flood) await client.DisposeAsync();
    }

    private Task NoteAsync(IReadOnlyList<MessageChange> changes)
    {
        _batches.Enqueue([.. changes]);
        return Task.CompletedTask;
    }

    private static int Size(IReadOnlyList<MessageChange> changes) =>
        changes.OfType<PostChange>().Sum(post => (post.Content.Text?.Length ?? 0) + (post.Content.Data?.Utf8.Length ?? 0));

    private async Task<TestNode> StartAsync()
    {
        var node = await TestNode.StartAsync(builder =>
        {
            builder.Services.AddSingleton<IMessageStore>(_store);
            builder.Services.AddSingleton<IChannelStore>(_memory);
            builder.Services.AddSingleton<IMessageObserver>(_observer);
        });
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        return node;
    }

    private static async Task<TestClient> SubscribedAsync(TestNode node, string user)
    {
        var client = await node.ConnectAsync(user);
        await client.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        return client;
    }

    /// <summary>Keeps the store at a message "held" until it is disposed, so that what is sent meanwhile waits together.</summary>
    private async Task<IAsyncDisposable> HeldAsync(TestNode node)
    {
        var gate = NewGate();
        _store.Hold = gate.Task;
        var held = SendAsync(node, "holder", "held");
        await QueuedAsync(node, 0);
        return new Held(gate, held, _store);
    }

    private static Task QueuedAsync(TestNode node, int count) =>
        Until.TrueAsync(() => node.Services.GetRequiredService<RealtimeNode>().Appends.Waiting == count, $"{count} changes wait");

    private static Task<SentMessage> SendAsync(TestNode node, string user, string text) =>
        node.Messaging.Messages.SendAsync("a", new OutgoingMessage { Text = text }, user, Cancel);

    private static Task SendLargeAsync(TestNode node, string user) => node.Messaging.Messages.SendAsync("a", new OutgoingMessage { Data = Large }, user, Cancel);

    private static async Task<bool> TryAsync(Task sending)
    {
        try
        {
            await sending;
            return true;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

    private static IEnumerable<string> Numbered(string user, int count) => Enumerable.Range(1, count).Select(number => $"{user} {number}");

    private static Task PublishManyAsync(TestClient client, string user, int count) => client.SendAsync(string.Join(
        '\n', Enumerable.Range(1, count).Select(number => PublishOrderTests.Publish(100 + number, "a", Guid.NewGuid(), $"{user} {number}"))));

    private static async Task<List<string>> OutcomesAsync(TestClient client, int count)
    {
        List<string> outcomes = [];
        for (var id = 1; id <= count; id++)
        {
            var reply = await client.ReplyAsync(100 + id);
            var type = reply.GetProperty("type").GetString()!;
            outcomes.Add(type == "error" ? reply.GetProperty("code").GetString()! : type);
        }

        return outcomes;
    }

    /// <summary>The texts that a reader gets, live or in pages, each once.</summary>
    private static async Task<List<string>> TextsAsync(TestClient reader, int count)
    {
        List<string> texts = [];
        while (texts.Count < count)
        {
            var frame = await reader.WaitAsync(one => one.GetProperty("type").GetString() is "event" or "changes", "an event");
            if (frame.TryGetProperty("message", out var message)) texts.Add(message.GetProperty("text").GetString()!);
            else texts.AddRange(frame.GetProperty("messages").EnumerateArray().Select(one => one.GetProperty("text").GetString()!));
        }

        return texts;
    }

    private static TaskCompletionSource NewGate() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Fails as soon as it comes into a batch.</summary>
    private sealed class BrokenAppend() : PendingAppend(
        "eve", new PostChange("a", DateTimeOffset.UnixEpoch, MessageId.Create(), "eve", new MessageContent("x"), null, default))
    {
        private readonly TaskCompletionSource<Exception> _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Exception> Failure => _failure.Task;

        public override void JoinBatch(long batch) => throw new InvalidOperationException("The test's own.");

        public override void Complete(AppendResult result)
        {
        }

        public override void Fail(Exception exception) => _failure.SetResult(exception);
    }

    private sealed class Held(TaskCompletionSource gate, Task held, FaultyStore store) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            store.Hold = Task.CompletedTask;
            gate.SetResult();
            await held;
        }
    }

    private sealed class Observer : IMessageObserver
    {
        private readonly ConcurrentQueue<string> _texts = new();

        public IReadOnlyList<string> Texts => _texts.ToArray();

        public ValueTask ObserveAsync(MessageChange change, Message message, CancellationToken cancellationToken)
        {
            _texts.Enqueue(message.Text ?? "");
            return ValueTask.CompletedTask;
        }
    }
}
