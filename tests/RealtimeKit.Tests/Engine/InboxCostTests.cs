using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>What inboxes cost: how often the store is asked, and what is kept for clients that do not read.</summary>
public sealed class InboxCostTests
{
    private readonly InMemoryStore _store = new();
    private readonly CountingInboxes _counting;

    public InboxCostTests() => _counting = new CountingInboxes(_store);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_post_into_a_channel_of_1000_members_asks_the_store_once_for_100_inboxes()
    {
        await using var node = await StartAsync();
        await node.Messaging.Channels.EnsureAsync("big", ChannelKind.Private, owner: "user0", cancellationToken: Cancel);
        for (var i = 1; i < 1_000; i++) await node.Messaging.Members.AddAsync("big", $"user{i}", cancellationToken: Cancel);
        var inboxes = new List<InboxFold>();
        for (var i = 1; i <= 100; i++)
        {
            inboxes.Add(new InboxFold(await node.ConnectAsync($"user{i}")));
            await inboxes[^1].OpenAsync();
        }

        // What was marked while they were opened is read.
        await Task.Delay(TimeSpan.FromSeconds(1), Cancel);
        var (reads, others) = (_counting.Reads, _counting.Others);
        await node.Messaging.Messages.SendAsync("big", new OutgoingMessage { Text = "hello" }, "user0", Cancel);
        foreach (var inbox in inboxes) await inbox.UntilAsync(() => inbox.Totals == (1, 0));
        (_counting.Reads - reads, _counting.Others - others).Should().Be((1, 0));
        foreach (var inbox in inboxes) await inbox.DisposeAsync();
    }

    [Fact]
    public async Task A_client_that_does_not_read_holds_up_nobody_and_gets_the_last_state()
    {
        await using var node = await StartAsync();
        for (var i = 0; i < 20; i++)
        {
            await node.Messaging.Channels.EnsureAsync($"room{i}", ChannelKind.Private, owner: "ann", cancellationToken: Cancel);
            foreach (var user in new[] { "bob", "cid" }) await node.Messaging.Members.AddAsync($"room{i}", user, cancellationToken: Cancel);
        }

        await using var slow = new InboxFold(await node.ConnectAsync("bob"));
        await using var quick = new InboxFold(await node.ConnectAsync("cid"));
        await slow.OpenAsync();
        await quick.OpenAsync();
        var data = JsonValue.FromElement(JsonDocument.Parse($"\"{new string('x', 6_000)}\"").RootElement);
        for (var round = 1; round <= 32; round++)
        {
            for (var i = 0; i < 20; i++) await node.Messaging.Messages.SendAsync($"room{i}", new OutgoingMessage { Text = $"{round}", Data = data }, "ann", Cancel);
            // 120 kB of rows in each round.
            await quick.UntilAsync(() => quick.Totals == (20 * round, 0));
        }

        var before = slow.Bytes;
        await slow.UntilAsync(() => slow.Totals == (640, 0) && slow.Rows.Values.All(row => row.GetProperty("last").GetProperty("text").GetString() == "32"));
        // 32 rounds would be 4 MB. The transport takes 16 messages and the output 256 kB before they are full; then comes the last state.
        (slow.Bytes - before).Should().BeLessThan(3_000_000);
    }

    [Fact]
    public async Task Whoever_is_in_5000_channels_and_missed_nothing_gets_less_than_a_kilobyte_at_once()
    {
        await using var node = await StartAsync();
        for (var i = 0; i < 5_000; i++) await _store.CreateAsync(new NewChannel($"room{i}", ChannelKind.Private, null, "bob", [], DateTimeOffset.UnixEpoch), Cancel);
        string cursor;
        await using (var first = new InboxFold(await node.ConnectAsync("bob")))
        {
            await first.OpenAsync();
            first.Rows.Should().HaveCount(5_000);
            cursor = first.Cursor;
        }

        var shortest = TimeSpan.MaxValue;
        for (var i = 0; i < 10; i++)
        {
            await using var again = new InboxFold(await node.ConnectAsync("bob"));
            var started = TimeProvider.System.GetTimestamp();
            var reply = await again.OpenAsync(cursor);
            var took = TimeProvider.System.GetElapsedTime(started);
            if (took < shortest) shortest = took;
            (reply.GetProperty("reset").GetBoolean(), again.Rows.Count).Should().Be((false, 0));
            (reply.GetRawText().Length + again.Bytes).Should().BeLessThan(1_024);
            cursor = again.Cursor;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"shortest {shortest.TotalMilliseconds:0.00} ms");
    }

    [Fact]
    public async Task A_connected_inbox_of_50_channels_holds_little()
    {
        const int users = 400, channels = 500, each = 50;
        await using var node = await StartAsync();
        for (var i = 0; i < channels; i++)
        {
            string[] members = [.. Enumerable.Range(0, users).Where(user => (i - (user * 7) + (channels * 8)) % channels < each).Select(user => $"user{user}")];
            await _store.CreateAsync(new NewChannel($"room{i}", ChannelKind.Private, "Name", null, members, DateTimeOffset.UnixEpoch), Cancel);
        }

        var inboxes = new List<InboxFold>();
        for (var i = 0; i < users; i++) inboxes.Add(new InboxFold(await node.ConnectAsync($"user{i}")));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        foreach (var inbox in inboxes)
        {
            await inbox.OpenAsync();
            inbox.Rows.Should().HaveCount(each);
            inbox.Rows.Clear();
        }

        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / users;
        TestContext.Current.TestOutputHelper?.WriteLine($"{bytes} bytes each");
        bytes.Should().BeLessThan(24_000);
        foreach (var inbox in inboxes) await inbox.DisposeAsync();
    }

    [Fact]
    public async Task An_outage_of_the_store_delays_rows_and_loses_none()
    {
        await using var node = await StartAsync();
        await node.Messaging.Channels.EnsureAsync("room", ChannelKind.Private, owner: "bob", cancellationToken: Cancel);
        await using var bob = new InboxFold(await node.ConnectAsync("bob"));
        await bob.OpenAsync();
        _counting.IsAway = true;
        await node.Messaging.Messages.SendAsync("room", new OutgoingMessage { Text = "hello" }, "ann", Cancel);
        (await bob.Client.RequestAsync("""{"type":"inbox","id":3}""", 3)).GetProperty("code").GetString().Should().Be("unavailable");
        while (_counting.Refused < 3) await Task.Delay(50, Cancel);
        _counting.IsAway = false;
        await bob.UntilAsync(() => bob.Totals == (1, 0));
    }

    private Task<TestNode> StartAsync() => TestNode.StartAsync(builder =>
    {
        builder.UseInMemoryStore(_store);
        builder.Services.RemoveAll<IInboxStore>();
        builder.Services.AddSingleton<IInboxStore>(_counting);
    });

    private sealed class CountingInboxes(IInboxStore inner) : IInboxStore
    {
        private int _reads;
        private int _others;
        private int _refused;

        public int Reads => Volatile.Read(ref _reads);

        public int Others => Volatile.Read(ref _others);

        public int Refused => Volatile.Read(ref _refused);

        public bool IsAway { get; set; }

        public ValueTask<InboxMemberships> ListMembershipsAsync(string user, CancellationToken cancellationToken) =>
            Count(ref _others).ListMembershipsAsync(user, cancellationToken);

        public ValueTask<InboxDelta?> FindChangedAsync(string user, InboxPosition after, CancellationToken cancellationToken) =>
            Count(ref _others).FindChangedAsync(user, after, cancellationToken);

        public ValueTask<InboxRows> ReadRowsAsync(IReadOnlyList<InboxKey> keys, CancellationToken cancellationToken) =>
            Count(ref _reads).ReadRowsAsync(keys, cancellationToken);

        // At each repair interval, whatever happens.
        public ValueTask<InboxTouched?> FindTouchedAsync(InboxPosition after, int limit, CancellationToken cancellationToken)
        {
            var uncounted = 0;
            return Count(ref uncounted).FindTouchedAsync(after, limit, cancellationToken);
        }

        public ValueTask<PreferenceResult> SetPreferencesAsync(PreferenceChange change, CancellationToken cancellationToken) =>
            Count(ref _others).SetPreferencesAsync(change, cancellationToken);

        private IInboxStore Count(ref int counter)
        {
            Interlocked.Increment(ref counter);
            if (!IsAway) return inner;
            Interlocked.Increment(ref _refused);
            throw new StoreUnavailableException("The store is away.");
        }
    }
}
