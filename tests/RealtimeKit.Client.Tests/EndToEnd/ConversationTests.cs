using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Transports;

namespace RealtimeKit.Client.Tests;

/// <summary>What goes over a connection, whatever carries it: the same conversations over each.</summary>
public abstract class ConversationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Whether the host listens on no socket.</summary>
    private protected virtual bool HasTestServer => false;

    /// <summary>What opens the connections to the host; nothing for the client's own.</summary>
    private protected abstract Func<Uri, CancellationToken, ValueTask<IClientConnection>>? Factory(ChatHost host);

    [Fact]
    public async Task Two_people_talk()
    {
        await using var host = await StartAsync();
        await using var ada = Client(host, "ada");
        await using var bob = Client(host, "auth0|bob+tag@example.com");
        await Task.WhenAll(ada.ConnectAsync(Token), bob.ConnectAsync(Token)).InTime();
        bob.State.User.Should().Be("auth0|bob+tag@example.com");
        var (hers, his) = (ada.Channel("lobby"), bob.Channel("lobby"));
        await his.SubscribeAsync(cancellationToken: Token).InTime();
        var sent = await Task.WhenAll(Enumerable.Range(1, 200).Select(n => hers.SendAsync($"m{n}", Token))).InTime();
        sent.Select(message => message.Sequence).Should().Equal(Enumerable.Range(1, 200).Select(n => (long)n));
        var posted = new List<MessagePosted>();
        await his.TakeWhileAsync(update =>
        {
            if (update is MessagePosted message) posted.Add(message);
            return posted.Count < 200;
        });
        posted.Select(update => update.Message.Text).Should().Equal(Enumerable.Range(1, 200).Select(n => $"m{n}"));
        (await his.EditAsync(1, "mine", Token).InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.Forbidden);
    }

    [Fact]
    public async Task Long_messages_and_pages()
    {
        await using var host = await StartAsync();
        await using var ada = Client(host, "ada");
        var lobby = ada.Channel("lobby");
        _ = ada.ConnectAsync(Token);
        var text = new string('x', ProtocolConstants.MaxTextLength - 3);
        await Task.WhenAll(Enumerable.Range(100, 150).Select(n => lobby.SendAsync(text + n, Token))).InTime();
        var page = await lobby.HistoryAsync(new HistoryOptions { After = 0, Limit = 200 }, Token).InTime();
        page.Messages.Select(message => message.Text).Should().Equal(Enumerable.Range(100, page.Messages.Count).Select(n => text + n));
        page.Messages.Count.Should().BeGreaterThan(100);
    }

    [Fact]
    public async Task Messages_are_searched()
    {
        await using var host = await StartAsync();
        await using var ada = Client(host, "ada");
        await ada.ConnectAsync(Token).InTime();
        ada.State.Features.Should().Contain("search");
        var lobby = ada.Channel("lobby");
        await lobby.SendAsync("Ein Café", Token).InTime();
        var sent = await lobby.SendAsync("zwei Cafés", Token).InTime();
        var first = await ada.SearchAsync("cafe", new SearchOptions { Channel = "lobby", Sender = "ada", Limit = 1 }, Token).InTime();
        first.Messages.Should().ContainSingle().Which.Should().Match<FoundMessage>(found => found.Message.Sequence == 2 && found.Matches.Single() == new TextRange(5, 4));
        var second = await ada.SearchAsync("cafe", new SearchOptions { Before = first.Next }, Token).InTime();
        second.Messages.Select(found => found.Message.Text).Should().Equal("Ein Café");
        second.Next.Should().BeNull();
        (await ada.SearchAsync("cafe", new SearchOptions { Since = sent.Time.AddDays(1) }, Token).InTime()).Messages.Should().BeEmpty();
        (await ada.SearchAsync("cafe", new SearchOptions { Until = sent.Time.AddDays(1) }, Token).InTime()).Messages.Should().HaveCount(2);
        (await ada.SearchAsync("!", cancellationToken: Token).InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.Invalid);
    }

    [Fact]
    public async Task An_inbox_has_all_channels_live()
    {
        await using var host = await StartAsync();
        await using var ada = Client(host, "ada");
        await using var bob = Client(host, "bob");
        await Task.WhenAll(ada.ConnectAsync(Token), bob.ConnectAsync(Token)).InTime();
        var name = await ada.CreateAsync(new ChannelDefinition(ChannelKind.Private) { Name = "Name", Members = ["bob"] }, Token).InTime();
        var inbox = await bob.OpenInboxAsync(Token).InTime();
        (await bob.OpenInboxAsync(Token).InTime()).Should().BeSameAs(inbox);
        inbox.Rows.Should().ContainSingle(row => row.Channel == name && row.Name == "Name" && row.Unread == 0);
        var changes = System.Threading.Channels.Channel.CreateUnbounded<InboxChange>();
        inbox.Changed += (_, change) => changes.Writer.TryWrite(change);
        await ada.Channel(name).SendAsync(new string('x', 600), Token).InTime();
        await UntilAsync(() => inbox.Totals == new UnreadTotals(1, 0));
        inbox.Find(name)!.LastTruncated.Should().BeTrue();
        inbox.Find(name)!.Last!.Text.Should().HaveLength(ProtocolConstants.MaxRowTextLength);
        await bob.Channel(name).PreferAsync(new ChannelPreferences(ChannelNotify.None, Pinned: true), Token).InTime();
        await UntilAsync(() => inbox.Totals == default && inbox.Find(name) is { Pinned: true, Unread: 1, Notify: ChannelNotify.None });
        var other = await ada.CreateAsync(new ChannelDefinition(ChannelKind.Private) { Members = ["bob"] }, Token).InTime();
        await UntilAsync(() => inbox.Find(other) is not null);
        inbox.Rows[0].Channel.Should().Be(other);
        await ada.Channel(other).RemoveAsync("bob", cancellationToken: Token).InTime();
        await UntilAsync(() => inbox.Find(other) is null);
        inbox.Close();
        inbox.Close();
        await ada.Channel(name).SendAsync("more", Token).InTime();
        (await bob.OpenInboxAsync(Token).InTime()).Find(name)!.Sequence.Should().Be(2);
        inbox.Find(name)!.Sequence.Should().Be(1);

        async Task UntilAsync(Func<bool> wanted)
        {
            while (!wanted()) await changes.Reader.ReadAsync(Token).AsTask().InTime();
        }
    }

    [Fact]
    public async Task Settings_are_changed_and_received()
    {
        await using var host = await StartAsync();
        await using var ada = Client(host, "ada");
        await using var bob = Client(host, "bob");
        await Task.WhenAll(ada.ConnectAsync(Token), bob.ConnectAsync(Token)).InTime();
        var data = JsonValue.Parse("""{"topic":"t"}""");
        var name = await ada.CreateAsync(new ChannelDefinition(ChannelKind.Private) { Name = "Name", Data = data, Members = ["bob"] }, Token).InTime();
        var (hers, his) = (ada.Channel(name), bob.Channel(name));
        (await his.SubscribeAsync(cancellationToken: Token).InTime()).Settings.Should().Be(new ChannelSettings("Name", data));
        (await his.UpdateAsync(new ChannelEdit { Name = "x" }, Token).InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.Forbidden);
        await hers.UpdateAsync(new ChannelEdit { Name = "Other", SlowMode = 5, Remove = ChannelParts.Data }, Token).InTime();
        await hers.UpdateAsync(new ChannelEdit { Closed = true, Data = data, Remove = ChannelParts.Name }, Token).InTime();
        (await his.SendAsync("x", Token).InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.Forbidden);
        (await bob.ChannelsAsync(cancellationToken: Token).InTime()).Channels.Should().ContainSingle(row => row.Channel == name && row.Closed && row.Data!.Equals(data));
        await hers.BanAsync("bob", cancellationToken: Token).InTime();
        var seen = new List<ChannelUpdate>();
        await his.TakeWhileAsync(update =>
        {
            seen.Add(update);
            return update is not ChannelRevoked;
        });
        seen.Should().Equal(
            new SettingsChanged(new ChannelSettings("Other", null, false, 5)), new SettingsChanged(new ChannelSettings(null, data, true, 5)), new ChannelRevoked("banned"));
    }

    [Fact]
    public async Task Messages_are_reported_users_blocked_and_public_channels_found()
    {
        await using var host = await StartAsync();
        await using var ada = Client(host, "ada");
        await using var bob = Client(host, "bob");
        await Task.WhenAll(ada.ConnectAsync(Token), bob.ConnectAsync(Token)).InTime();
        var name = await ada.CreateAsync(new ChannelDefinition(ChannelKind.Public) { Name = "Reading Room", Data = JsonValue.Parse("""{"a":1}""") }, Token).InTime();
        var (hers, his) = (ada.Channel(name), bob.Channel(name));
        await his.SendAsync("rude", Token).InTime();
        await hers.ReportAsync(1, "why", Token).InTime();
        await hers.ReportAsync(1, cancellationToken: Token).InTime();
        var report = (await hers.ReportsAsync(cancellationToken: Token).InTime()).Reports.Should().ContainSingle().Subject;
        (report.Message.Text, report.Reason, report.State, string.Join(' ', report.Reporters)).Should().Be(("rude", "why", ReportState.Open, "ada"));
        await hers.ResolveAsync(report.Report, ReportState.Dismissed, Token).InTime();
        (await hers.ReportsAsync(limit: 1, cancellationToken: Token).InTime()).Reports.Single().State.Should().Be(ReportState.Dismissed);
        (await hers.ActionsAsync(cancellationToken: Token).InTime()).Actions.Should().ContainSingle(action => action.Change == "resolve");

        var listed = (await bob.DirectoryAsync("roo read", cancellationToken: Token).InTime()).Channels.Should().ContainSingle().Subject;
        listed.Should().Be(new ListedChannel(name, "Reading Room", JsonValue.Parse("""{"a":1}"""), 1, 1));
        (await bob.DirectoryAsync("oom", limit: 1, cancellationToken: Token).InTime()).Should().Match<DirectoryList>(page => page.Channels.Count == 0 && page.Next == null);

        var direct = await ada.CreateAsync(new ChannelDefinition(ChannelKind.Direct) { Members = ["bob"] }, Token).InTime();
        await ada.BlockAsync("bob", Token).InTime();
        (await ada.BlockedAsync(Token).InTime()).Should().Equal("bob");
        (await bob.Channel(direct).SendAsync("x", Token).InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.Forbidden);
        await ada.UnblockAsync("bob", Token).InTime();
        await bob.Channel(direct).SendAsync("x", Token).InTime();
    }

    [Fact]
    public async Task Moderators_moderate()
    {
        await using var host = await StartAsync();
        await using var ada = Client(host, "ada");
        await using var bob = Client(host, "bob");
        await Task.WhenAll(ada.ConnectAsync(Token), bob.ConnectAsync(Token)).InTime();
        var name = await ada.CreateAsync(new ChannelDefinition(ChannelKind.Private) { Members = ["cid"] }, Token).InTime();
        var (hers, his) = (ada.Channel(name), bob.Channel(name));
        await hers.InviteAsync("bob", ChannelRole.Moderator, Token).InTime();
        await his.SubscribeAsync(cancellationToken: Token).InTime();
        await his.MuteAsync("cid", new DateTimeOffset(2099, 1, 1, 1, 0, 0, TimeSpan.FromHours(1)), "loud", Token).InTime();
        var until = new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero);
        (await hers.MembersAsync(cancellationToken: Token).InTime()).Members.Should().ContainEquivalentOf(new ChannelMember("cid", ChannelRole.Member, 0, true, until));
        await his.UnmuteAsync("cid", Token).InTime();
        await his.RemoveAsync("cid", "gone", Token).InTime();
        await his.BanAsync("eve", cancellationToken: Token).InTime();
        (await hers.BansAsync(cancellationToken: Token).InTime()).Bans.Should().ContainSingle(ban => ban.User == "eve" && ban.By == "bob" && ban.Until == null);
        (await hers.InviteAsync("eve", cancellationToken: Token).InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.Conflict);
        await his.UnbanAsync("eve", Token).InTime();
        await hers.SetRoleAsync("bob", ChannelRole.Member, Token).InTime();
        await hers.MuteAsync("bob", cancellationToken: Token).InTime();
        (await his.SendAsync("x", Token).InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.Forbidden);
        await hers.BanAsync("bob", reason: "enough", cancellationToken: Token).InTime();
        var seen = new List<ChannelUpdate>();
        await his.TakeWhileAsync(update =>
        {
            seen.Add(update);
            return update is not ChannelRevoked;
        });
        seen.Should().Equal(
            new MemberChanged("cid", "muted", ChannelRole.Member, "bob", until), new MemberChanged("cid", "unmuted", ChannelRole.Member, "bob"),
            new MemberChanged("cid", "removed", null, "bob"), new MemberChanged("eve", "banned", null, "bob"), new MemberChanged("eve", "unbanned", null, "bob"),
            new MemberChanged("bob", "role", ChannelRole.Member, "ada"), new MemberChanged("bob", "muted", ChannelRole.Member, "ada"), new ChannelRevoked("banned"));
    }

    [Fact]
    public async Task A_server_that_disconnects_the_user_ends_the_client()
    {
        await using var host = await StartAsync();
        await using var ada = Client(host, "ada");
        await ada.ConnectAsync(Token).InTime();
        await host.Messaging.Users.DisconnectAsync("ada", "enough", Token);
        await ada.UntilAsync(ConnectionStatus.Closed);
        ada.State.CloseCode.Should().Be(CloseCode.Disconnected);
        ada.State.Reason.Should().Contain("enough");
    }

    [Fact]
    public async Task A_refused_sign_in_ends_the_client()
    {
        await using var host = await StartAsync();
        await using var bad = Client(host, "bad");
        (await bad.ConnectAsync(Token).InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.Unauthenticated);
        bad.State.Status.Should().Be(ConnectionStatus.Closed);
    }

    [Fact]
    public async Task Closing_says_what_was_queued_and_leaves_nobody_behind()
    {
        await using var host = await StartAsync();
        await using var ada = Client(host, "ada");
        await ada.ConnectAsync(Token).InTime();
        await ada.Channel("lobby").SendAsync("x", Token).InTime();
        (await host.Messaging.Users.GetConnectionCountAsync("ada", Token)).Should().Be(1);
        await ada.CloseAsync().InTime();
        await Eventually.TrueAsync(
            async () => await host.Messaging.Users.GetConnectionCountAsync("ada", Token) == 0, "the server has let the connection go");
    }

    private async Task<ChatHost> StartAsync() => await ChatHost.StartAsync(testServer: HasTestServer);

    private RealtimeClient Client(ChatHost host, string user) =>
        Clients.Make(HasTestServer ? new Uri("ws://localhost/realtime") : host.Endpoint, options =>
        {
            options.TokenProvider = _ => ValueTask.FromResult<string?>(user);
            options.ConnectionFactory = Factory(host);
        });
}

/// <summary>The client's own WebSocket.</summary>
public sealed class SocketConversationTests : ConversationTests
{
    private protected override Func<Uri, CancellationToken, ValueTask<IClientConnection>>? Factory(ChatHost host) => null;
}

/// <summary>The sockets of ASP.NET Core's TestServer, as WebApplicationFactory has them.</summary>
public sealed class TestServerConversationTests : ConversationTests
{
    private protected override bool HasTestServer => true;

    private protected override Func<Uri, CancellationToken, ValueTask<IClientConnection>>? Factory(ChatHost host) =>
        async (endpoint, cancellationToken) =>
        {
            var sockets = host.TestServer.CreateWebSocketClient();
            sockets.SubProtocols.Add(ProtocolConstants.Subprotocol);
            return new WebSocketClientConnection(await sockets.ConnectAsync(endpoint, cancellationToken));
        };
}

/// <summary>The transport within the process.</summary>
public sealed class InProcessConversationTests : ConversationTests
{
    private protected override bool HasTestServer => true;

    private protected override Func<Uri, CancellationToken, ValueTask<IClientConnection>>? Factory(ChatHost host)
    {
        var transport = new InProcessTransport(host.Services.GetRequiredService<IConnectionHandler>());
        return (_, _) => ValueTask.FromResult<IClientConnection>(transport.Connect());
    }
}
