using RealtimeKit.InMemory;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client.Tests;

/// <summary>What survives cut connections, slow readers, restarts and new lives of channels, against the real server.</summary>
public sealed class RecoveryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reader_misses_nothing_of_what_happened_while_it_was_cut_off()
    {
        await using var host = await ChatHost.StartAsync();
        await using var proxy = new TcpProxy(host.Port);
        await using var ada = host.Client("ada");
        await using var bob = host.Client("bob", proxy);
        var (hers, his) = (ada.Channel("lobby"), bob.Channel("lobby"));
        _ = ada.ConnectAsync(Token);
        _ = bob.ConnectAsync(Token);
        await his.SubscribeAsync(cancellationToken: Token).InTime();
        for (var n = 1; n <= 5; n++) await hers.SendAsync($"m{n}", Token).InTime();
        (await his.TakeAsync(5)).Sequences().Should().Equal(1, 2, 3, 4, 5);

        proxy.Refuse(true);
        proxy.Cut();
        await bob.UntilAsync(ConnectionStatus.Waiting);
        for (var n = 6; n <= 9; n++) await hers.SendAsync($"m{n}", Token).InTime();
        await hers.EditAsync(6, "edited", Token).InTime();
        await hers.DeleteAsync(2, Token).InTime();
        await hers.ReactAsync(8, "+1", cancellationToken: Token).InTime();
        proxy.Refuse(false);

        var updates = await his.TakeWhileAsync(update => update is not MessagePosted { Message.Sequence: 9 });
        updates.Sequences().Should().Equal(6, 7, 8, 9);
        var seen = updates.OfType<MessagePosted>().ToDictionary(posted => posted.Message.Sequence, posted => posted.Message);
        seen[6].Text.Should().Be("edited");
        seen[8].Reactions.Single().Reaction.Should().Be("+1");
        updates.OfType<MessageUpdated>().Should().ContainSingle().Which.Message.Should().BeEquivalentTo(new { Sequence = 2, Text = (string?)null });
    }

    [Fact]
    public async Task A_message_whose_acknowledgement_was_lost_is_stored_once()
    {
        await using var host = await ChatHost.StartAsync();
        await using var proxy = new TcpProxy(host.Port);
        await using var ada = host.Client("ada", proxy);
        await ada.ConnectAsync(Token).InTime();
        var lobby = ada.Channel("lobby");
        proxy.Stall();
        var sends = Enumerable.Range(1, 20).Select(n => lobby.SendAsync($"m{n}", Token)).ToList();
        await Eventually.TrueAsync(() => host.Store.ReadHeadsAsync(["lobby"], Token).AsTask() is { IsCompletedSuccessfully: true } heads
            && heads.GetAwaiter().GetResult()[0].Sequence > 0, "the first is stored");
        proxy.Cut();
        proxy.Flow();
        var sent = await Task.WhenAll(sends).InTime();
        sent.Select(message => message.Sequence).Should().Equal(Enumerable.Range(1, 20).Select(n => (long)n));
        sent[0].Duplicate.Should().BeTrue();
        (await host.HistoryAsync()).Select(message => message.Text).Should().Equal(Enumerable.Range(1, 20).Select(n => $"m{n}"));
    }

    [Fact]
    public async Task A_pipelining_sender_keeps_its_order_over_many_cuts()
    {
        const int count = 2_000;
        await using var host = await ChatHost.StartAsync();
        await using var proxy = new TcpProxy(host.Port);
        var log = new LogRecorder();
        await using var ada = host.Client("ada", proxy, options =>
        {
            options.QueueLimit = count;
            options.LoggerFactory = log;
            options.ReconnectDelay = TimeSpan.FromMilliseconds(2);
        });
        await using var bob = host.Client("bob", proxy, options => options.LoggerFactory = log);
        _ = ada.ConnectAsync(Token);
        _ = bob.ConnectAsync(Token);
        await bob.Channel("lobby").SubscribeAsync(SubscribeOptions.FromStart, Token).InTime();
        var lobby = ada.Channel("lobby");
        var sends = Enumerable.Range(1, count).Select(n => lobby.SendAsync($"m{n}", Token)).ToList();
        var random = new Random(7);
        var all = Task.WhenAll(sends);
        while (!all.IsCompleted)
        {
            await Task.Delay(random.Next(1, 25), Token);
            proxy.Cut();
        }

        await all.InTime();
        var expected = Enumerable.Range(1, count).Select(n => $"m{n}");
        (await host.HistoryAsync()).Select(message => message.Text).Should().Equal(expected);
        var read = await bob.Channel("lobby").TakeWhileAsync(update => update is not MessagePosted { Message.Sequence: count });
        read.OfType<MessagePosted>().Select(posted => posted.Message.Text).Should().Equal(expected);
        log.Entries.Should().NotContain(entry => entry.Id == 8, "the server keeps its promises");
        proxy.Accepted.Should().BeGreaterThan(3, "connections were cut");
    }

    [Fact]
    public async Task A_slow_reader_has_everything_in_order_and_holds_up_nobody()
    {
        const int count = 5_000;
        await using var host = await ChatHost.StartAsync();
        await host.Messaging.Channels.EnsureAsync("other", cancellationToken: Token);
        await using var ada = host.Client("ada", configure: options => options.QueueLimit = count);
        await using var bob = host.Client("bob", configure: options => options.ReadBuffer = 100);
        await Task.WhenAll(ada.ConnectAsync(Token), bob.ConnectAsync(Token)).InTime();
        await bob.Channel("lobby").SubscribeAsync(cancellationToken: Token).InTime();
        await bob.Channel("other").SubscribeAsync(cancellationToken: Token).InTime();
        await Task.WhenAll(Enumerable.Range(1, count).Select(n => ada.Channel("lobby").SendAsync($"m{n}", Token))).InTime();
        await ada.Channel("other").SendAsync("not held up", Token).InTime();
        (await bob.Channel("other").TakeWhileAsync(update => update is not MessagePosted)).Sequences().Should().Equal(1);
        var read = await bob.Channel("lobby").TakeWhileAsync(update => update is not MessagePosted { Message.Sequence: count });
        read.Sequences().Should().Equal(Enumerable.Range(1, count).Select(n => (long)n));
    }

    [Fact]
    public async Task A_channel_deleted_and_made_again_begins_anew_for_who_was_away_and_ends_for_who_was_there()
    {
        await using var host = await ChatHost.StartAsync();
        await using var proxy = new TcpProxy(host.Port);
        await using var ada = host.Client("ada");
        await using var bob = host.Client("bob", proxy);
        _ = ada.ConnectAsync(Token);
        _ = bob.ConnectAsync(Token);
        await ada.Channel("lobby").SubscribeAsync(cancellationToken: Token).InTime();
        await bob.Channel("lobby").SubscribeAsync(cancellationToken: Token).InTime();
        await ada.Channel("lobby").SendAsync("old", Token).InTime();
        (await bob.Channel("lobby").TakeWhileAsync(update => update is not MessagePosted)).Sequences().Should().Equal(1);
        proxy.Refuse(true);
        proxy.Cut();
        await bob.UntilAsync(ConnectionStatus.Waiting);
        await host.Messaging.Channels.DeleteAsync("lobby", Token);
        (await ada.Channel("lobby").TakeWhileAsync(_ => true))[^1].Should().Be(new ChannelRevoked("deleted"));
        await host.Messaging.Channels.EnsureAsync("lobby", cancellationToken: Token);
        await ada.Channel("lobby").SendAsync("new 1", Token).InTime();
        await ada.Channel("lobby").SendAsync("new 2", Token).InTime();
        proxy.Refuse(false);
        var updates = (await bob.Channel("lobby").TakeWhileAsync(update => update is not MessagePosted { Message.Text: "new 2" })).Where(u => u is not SignalReceived).ToList();
        updates[0].Should().BeOfType<ChannelReset>();
        updates.OfType<MessagePosted>().Select(posted => posted.Message.Text).Should().Equal("new 1", "new 2");
    }

    [Fact]
    public async Task A_client_begins_anew_when_a_restored_store_got_new_epochs()
    {
        var host = await ChatHost.StartAsync();
        var (store, port) = (host.Store, host.Port);
        await using var bob = host.Client("bob");
        _ = bob.ConnectAsync(Token);
        await bob.Channel("lobby").SubscribeAsync(cancellationToken: Token).InTime();
        for (var n = 1; n <= 3; n++) await host.Messaging.Messages.SendAsync("lobby", $"m{n}", cancellationToken: Token);
        (await bob.Channel("lobby").TakeWhileAsync(update => update is not MessagePosted { Message.Sequence: 3 })).Sequences().Should().Equal(1, 2, 3);
        await host.DisposeAsync();

        await store.RenewEpochsAsync(Token);
        await using var again = await ChatHost.StartAsync(store, port);
        await again.Messaging.Messages.SendAsync("lobby", "m4", cancellationToken: Token);
        var updates = (await bob.Channel("lobby").TakeWhileAsync(update => update is not MessagePosted { Message.Text: "m4" })).Where(update => update is not SignalReceived).ToList();
        updates[0].Should().BeOfType<ChannelReset>();
    }

    [Fact]
    public async Task A_member_who_is_removed_hears_no_more_and_a_disconnected_user_does_not_come_back()
    {
        await using var host = await ChatHost.StartAsync();
        await host.Messaging.Channels.EnsureAsync("den", ChannelKind.Private, cancellationToken: Token);
        await host.Messaging.Members.AddAsync("den", "bob", cancellationToken: Token);
        await using var bob = host.Client("bob");
        await bob.ConnectAsync(Token).InTime();
        await bob.Channel("den").SubscribeAsync(cancellationToken: Token).InTime();
        await host.Messaging.Members.RemoveAsync("den", "bob", cancellationToken: Token);
        (await bob.Channel("den").TakeWhileAsync(_ => true))[^1].Should().Be(new ChannelRevoked("removed"));
        (await host.Messaging.Users.DisconnectAsync("bob")).Should().Be(1);
        await bob.UntilAsync(ConnectionStatus.Closed);
        bob.State.CloseCode.Should().Be(CloseCode.Disconnected);
    }

    [Fact]
    public async Task A_sign_in_is_refreshed_on_its_connection_and_a_bad_one_is_final()
    {
        await using var host = await ChatHost.StartAsync();
        await using var proxy = new TcpProxy(host.Port);
        var asked = 0;
        await using var ada = host.Client("ada", proxy, options => options.TokenProvider = _ =>
        {
            Interlocked.Increment(ref asked);
            return ValueTask.FromResult<string?>("ada/1");
        });
        await ada.ConnectAsync(Token).InTime();
        await Eventually.TrueAsync(() => Volatile.Read(ref asked) >= 4, "three refreshes");
        await ada.Channel("lobby").SendAsync("still here", Token).InTime();
        proxy.Accepted.Should().Be(1, "the connection outlived its first sign-in");

        await using var mallory = host.Client("bad");
        (await mallory.ConnectAsync(Token).InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>())
            .Which.Code.Should().Be(ErrorCodes.Unauthenticated);
        mallory.State.CloseCode.Should().Be(CloseCode.Unauthenticated);
    }

    [Fact]
    public async Task A_server_that_stops_in_good_order_answers_what_it_has_and_is_found_again()
    {
        var store = new InMemoryStore();
        var host = await ChatHost.StartAsync(store);
        await using var proxy = new TcpProxy(host.Port);
        await using var ada = host.Client("ada", proxy, options => options.QueueLimit = 10_000);
        await using var bob = host.Client("bob", proxy);
        _ = ada.ConnectAsync(Token);
        _ = bob.ConnectAsync(Token);
        await bob.Channel("lobby").SubscribeAsync(cancellationToken: Token).InTime();
        var sends = Enumerable.Range(1, 1_000).Select(n => ada.Channel("lobby").SendAsync($"m{n}", Token)).ToList();
        await sends[0].InTime();
        await host.DisposeAsync();
        await using var next = await ChatHost.StartAsync(store);
        proxy.Target(next.Port);
        var sent = await Task.WhenAll(sends).InTime();
        sent.Select(message => message.Sequence).Should().Equal(Enumerable.Range(1, 1_000).Select(n => (long)n));
        (await bob.Channel("lobby").TakeWhileAsync(update => update is not MessagePosted { Message.Sequence: 1_000 })).Sequences()
            .Should().Equal(Enumerable.Range(1, 1_000).Select(n => (long)n));
    }

    [Fact]
    public async Task A_sender_faster_than_allowed_is_slowed_down_and_keeps_its_order()
    {
        await using var host = await ChatHost.StartAsync(configure: options => options.RateLimits.Posts = new RateLimit(100, 200));
        await using var ada = host.Client("ada");
        _ = ada.ConnectAsync(Token);
        var sent = await Task.WhenAll(Enumerable.Range(1, 300).Select(n => ada.Channel("lobby").SendAsync($"m{n}", Token))).InTime();
        sent.Select(message => message.Sequence).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        (await host.HistoryAsync()).Select(message => message.Text).Should().Equal(Enumerable.Range(1, 300).Select(n => $"m{n}"));
    }

    [Fact]
    public async Task A_kept_position_lets_a_later_client_go_on()
    {
        await using var host = await ChatHost.StartAsync();
        ChannelCursor kept;
        await using (var first = host.Client("ada"))
        {
            _ = first.ConnectAsync(Token);
            await first.Channel("lobby").SubscribeAsync(cancellationToken: Token).InTime();
            for (var n = 1; n <= 3; n++) await first.Channel("lobby").SendAsync($"m{n}", Token).InTime();
            (await first.Channel("lobby").TakeAsync(2)).Sequences().Should().Equal(1, 2);
            kept = first.Channel("lobby").Cursor!;
        }

        await using var second = host.Client("ada");
        _ = second.ConnectAsync(Token);
        await second.Channel("lobby").SubscribeAsync(SubscribeOptions.After(kept), Token).InTime();
        (await second.Channel("lobby").TakeAsync(1)).Sequences().Should().Equal(3);
    }
}
