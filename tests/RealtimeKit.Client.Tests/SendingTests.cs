using RealtimeKit.Protocol;

namespace RealtimeKit.Client.Tests;

/// <summary>What becomes of messages on their way, told by a server that misbehaves on demand.</summary>
public sealed class SendingTests
{
    [Fact]
    public async Task What_was_not_acknowledged_is_sent_again_in_order_under_the_same_ids()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        var sends = Enumerable.Range(1, 4).Select(n => client.Channel("lobby").SendAsync($"m{n}")).ToList();
        _ = client.ConnectAsync(TestContext.Current.CancellationToken);

        var first = await server.AcceptSignedInAsync();
        var frames = await PublishesAsync(first, 4);
        frames.Select(frame => frame.Message).Distinct().Should().HaveCount(1, "a window travels in one transport message");
        await first.PublishedAsync(frames[0], 1);
        (await sends[0].InTime()).Sequence.Should().Be(1);
        await first.CutAsync();

        var second = await server.AcceptSignedInAsync();
        var again = await PublishesAsync(second, 3);
        again.Select(MessageId).Should().Equal(frames.Skip(1).Select(MessageId));
        for (var i = 0; i < 3; i++) await second.PublishedAsync(again[i], i + 2);
        (await Task.WhenAll(sends).InTime()).Select(sent => sent.Sequence).Should().Equal(1, 2, 3, 4);
    }

    [Theory]
    [InlineData("unavailable")]
    [InlineData("rate_limited")]
    public async Task After_a_refusal_the_window_is_waited_for_and_sent_again_from_the_first_refused(string code)
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        var lobby = client.Channel("lobby");
        var sends = Enumerable.Range(1, 3).Select(n => lobby.SendAsync($"m{n}")).ToList();
        _ = client.ConnectAsync(TestContext.Current.CancellationToken);
        var connection = await server.AcceptSignedInAsync();
        var frames = await PublishesAsync(connection, 3);
        await connection.PublishedAsync(frames[0], 1);
        await connection.ErrorAsync(frames[1].Id, code, retryAfter: 5);
        sends.Add(lobby.SendAsync("m4"));
        await sends[0].InTime();
        // The pong comes behind the error: the client has read that.
        await connection.SendAsync("""{"type":"ping"}""");
        await connection.ReadAsync("pong");
        connection.HasFrame.Should().BeFalse("the third has no answer yet");
        await connection.ErrorAsync(frames[2].Id, code, retryAfter: 5);

        var again = await PublishesAsync(connection, 3);
        again.Select(Text).Should().Equal("m2", "m3", "m4");
        again.Take(2).Select(MessageId).Should().Equal(frames.Skip(1).Select(MessageId));
        for (var i = 0; i < 3; i++) await connection.PublishedAsync(again[i], i + 2);
        (await Task.WhenAll(sends).InTime()).Select(sent => sent.Sequence).Should().Equal(1, 2, 3, 4);
    }

    [Fact]
    public async Task Another_error_fails_its_message_alone()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        var lobby = client.Channel("lobby");
        var (bad, good) = (lobby.SendAsync("bad"), lobby.SendAsync("good"));
        _ = client.ConnectAsync(TestContext.Current.CancellationToken);
        var connection = await server.AcceptSignedInAsync();
        var frames = await PublishesAsync(connection, 2);
        await connection.ErrorAsync(frames[0].Id, "forbidden");
        await connection.PublishedAsync(frames[1], 1);
        (await bad.InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.Forbidden);
        (await good.InTime()).Sequence.Should().Be(1);
    }

    [Fact]
    public async Task The_queue_is_bounded_and_says_so_at_once()
    {
        await using var client = Clients.Make(new Uri("ws://127.0.0.1:1/realtime"), options => options.QueueLimit = 3);
        var lobby = client.Channel("lobby");
        var waiting = Enumerable.Range(0, 3).Select(_ => lobby.SendAsync("x")).ToList();
        var fourth = lobby.SendAsync("x");
        fourth.IsFaulted.Should().BeTrue();
        (await fourth.Invoking(task => task).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ClientErrorCodes.QueueFull);
        await client.CloseAsync().InTime();
        foreach (var send in waiting)
            (await send.Invoking(task => task).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ClientErrorCodes.Closed);
    }

    [Fact]
    public async Task Cancelling_takes_a_message_back_only_before_it_was_handed_out()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        var lobby = client.Channel("lobby");
        using var early = new CancellationTokenSource();
        using var late = new CancellationTokenSource();
        var takenBack = lobby.SendAsync("taken back", early.Token);
        var handedOut = lobby.SendAsync("handed out", late.Token);
        await early.CancelAsync();
        await takenBack.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();

        _ = client.ConnectAsync(TestContext.Current.CancellationToken);
        var first = await server.AcceptSignedInAsync();
        Text(await first.ReadAsync("publish")).Should().Be("handed out");
        await late.CancelAsync();
        await handedOut.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();
        var after = lobby.SendAsync("after");
        await first.CutAsync();
        var second = await server.AcceptSignedInAsync();
        (await PublishesAsync(second, 2)).Select(Text).Should().Equal("handed out", "after");
        after.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task No_more_messages_are_under_way_than_allowed()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint, options => options.MaxOutstanding = 5);
        var sends = Enumerable.Range(0, 4).SelectMany(n => Enumerable.Range(0, 3).Select(_ => client.Channel($"c{n}").SendAsync("x"))).ToList();
        _ = client.ConnectAsync(TestContext.Current.CancellationToken);
        var connection = await server.AcceptSignedInAsync();
        var open = new Queue<ClientFrame>();
        for (var read = 0; read < sends.Count; read++)
        {
            // A window whose end is not answered yet holds its channel back, so fewer may come.
            while (open.Count == 5 || (open.Count > 0 && !connection.HasFrame)) await connection.PublishedAsync(open.Dequeue(), 1);
            open.Enqueue(await connection.ReadAsync("publish"));
            if (open.Count == 5) connection.HasFrame.Should().BeFalse();
        }

        foreach (var frame in open) await connection.PublishedAsync(frame, 1);
        await Task.WhenAll(sends).InTime();
    }

    [Fact]
    public async Task The_frame_that_brought_a_1009_is_never_sent_again()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        var lobby = client.Channel("lobby");
        var (small, large) = (lobby.SendAsync("small"), lobby.SendAsync(new string('x', 7_000)));
        _ = client.ConnectAsync(TestContext.Current.CancellationToken);
        var first = await server.AcceptSignedInAsync();
        await PublishesAsync(first, 2);
        await first.CloseAsync(1009);
        (await large.InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.TooLarge);
        var second = await server.AcceptSignedInAsync();
        var again = await second.ReadAsync("publish");
        Text(again).Should().Be("small");
        await second.PublishedAsync(again, 1);
        await small.InTime();
        second.HasFrame.Should().BeFalse();
    }

    [Fact]
    public async Task A_message_beyond_the_frame_limit_or_with_half_a_surrogate_is_refused_here()
    {
        await using var client = Clients.Make(new Uri("ws://127.0.0.1:1/realtime"));
        var lobby = client.Channel("lobby");
        var large = new OutgoingMessage { Data = JsonValue.Parse($"\"{new string('x', 70_000)}\"") };
        (await lobby.Invoking(channel => channel.SendAsync(large)).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.TooLarge);
        await lobby.Invoking(channel => channel.SendAsync("\ud83d")).Should().ThrowAsync<ArgumentException>();
    }

    private static async Task<List<ClientFrame>> PublishesAsync(ScriptedConnection connection, int count)
    {
        var frames = new List<ClientFrame>();
        while (frames.Count < count) frames.Add(await connection.ReadAsync("publish"));
        return frames;
    }

    private static string MessageId(ClientFrame frame) => frame.Json.GetProperty("message").GetProperty("id").GetString()!;

    private static string Text(ClientFrame frame) => frame.Json.GetProperty("message").GetProperty("text").GetString()!;
}
