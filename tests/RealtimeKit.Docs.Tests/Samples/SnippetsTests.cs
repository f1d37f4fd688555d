using System.Collections.Concurrent;
using System.Net;
using System.Text;
using FluentAssertions;
using Microsoft.AspNetCore.Identity;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;
using RealtimeKit.Client;
using RealtimeKit.Protocol;
using Snippets;
using Xunit;

namespace RealtimeKit.Docs.Samples;

/// <summary>samples/Snippets does what its comments say, with a real host and a real client.</summary>
public sealed class SnippetsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Files => [.. Directory.GetFiles(Repository.Full("samples/Snippets"), "*.cs").Select(file => Path.GetFileName(file))];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_snippet_fits_on_a_screen_and_is_listed(string file)
    {
        File.ReadAllLines(Repository.Full($"samples/Snippets/{file}")).Should().HaveCountLessThanOrEqualTo(60);
        Repository.Read("samples/Snippets/README.md").Should().Contain($"[{file}]({file})");
        Repository.Read("docs/recipes.md").Should().Contain($"(../samples/Snippets/{file})");
    }

    [Fact]
    public async Task An_interceptor_refuses_links()
    {
        await using var host = await SnippetHost.StartAsync(services => Messaging(services).AddMessageInterceptor<NoLinks>());
        var lobby = (await host.ConnectAsync("ann")).Channel("lobby");
        (await lobby.Invoking(it => it.SendAsync("see https://example.com")).Should().ThrowAsync<RealtimeException>())
            .Which.Code.Should().Be(ErrorCodes.Forbidden);
        (await lobby.SendAsync("no link", Cancel)).Sequence.Should().Be(1);
    }

    [Fact]
    public async Task An_observer_pushes_to_mentioned_users_who_are_away()
    {
        var push = new RecordingPush();
        await using var host = await SnippetHost.StartAsync(services =>
        {
            services.AddSingleton<IPush>(push).AddHostedService(provider => provider.GetRequiredService<MentionPush>());
            return Messaging(services).AddMessageObserver<MentionPush>();
        });
        await host.ConnectAsync("here");
        await host.Messaging.Messages.SendAsync("lobby", new OutgoingMessage { Text = "Fails, and ends nothing", Mentions = ["broken"] }, "ann", Cancel);
        await host.Messaging.Messages.SendAsync("lobby", new OutgoingMessage { Text = "Hello", Mentions = ["here", "away"] }, "ann", Cancel);
        (await push.Sent.Task.WaitAsync(Patience, Cancel)).Should().Be("away: ann mentioned you");
        push.Asked.Should().Equal("broken", "away");
    }

    [Fact]
    public async Task An_authorizer_keeps_the_default_rules_and_adds_one()
    {
        await using var host = await SnippetHost.StartAsync(services => Messaging(services).UseChannelAuthorizer<ClosedChannels>());
        await host.Messaging.Channels.EnsureAsync("private", ChannelKind.Private, cancellationToken: Cancel);
        var ann = await host.ConnectAsync("ann");
        await ann.Channel("lobby").SendAsync("before", Cancel);
        host.Services.GetRequiredService<ClosedChannels>().Close("lobby");
        (await ann.Channel("lobby").Invoking(it => it.SendAsync("after")).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.Forbidden);
        (await ann.Channel("lobby").HistoryAsync(cancellationToken: Cancel)).Messages.Should().ContainSingle();
        (await ann.Channel("private").Invoking(it => it.HistoryAsync()).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.NotFound);
    }

    [Fact]
    public async Task A_bot_answers_a_command()
    {
        await using var host = await SnippetHost.StartAsync(Messaging);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var ann = await host.ConnectAsync("ann");
        await ann.Channel("lobby").SubscribeAsync(cancellationToken: Cancel);
        var running = new ClockBot(host.NewClient("bot"), TimeProvider.System).RunAsync("lobby", stop.Token);
        await UntilAsync(async () => (await host.Messaging.Channels.GetPresenceAsync("lobby", Cancel)).Any(user => user.User == "bot"));
        await ann.Channel("lobby").SendAsync("/time", Cancel);
        var answer = await ann.Channel("lobby").ReadAsync(Cancel).OfType<MessagePosted>().FirstAsync(posted => posted.Message.Sender == "bot", Cancel).AsTask().WaitAsync(Patience, Cancel);
        answer.Message.Should().Match<Message>(message => message.ReplyTo == 1 && message.Content.Text!.StartsWith("It is 2"));
        await stop.CancelAsync();
        await FluentActions.Awaiting(() => running).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task A_test_of_a_chat_runs_in_one_process() =>
        (await ChatTest.AnnReadsWhatTheServerSays().WaitAsync(Patience, Cancel)).Should().Be("Hello");

    [Fact]
    public async Task A_token_of_the_API_signs_in()
    {
        var key = new SymmetricSecurityKey(Encoding.UTF8.GetBytes("a key of at least thirty-two bytes"));
        var other = new SymmetricSecurityKey(Encoding.UTF8.GetBytes("another key of thirty-two bytes..."));
        await using var host = await SnippetHost.StartAsync(services => services.AddMessagingWithTokens(key));
        var sent = await (await host.ConnectAsync(TokenSignIn.NewToken("ann", key))).Channel("lobby").SendAsync("Hello", Cancel);
        (await host.Messaging.Messages.ReadHistoryAsync("lobby", cancellationToken: Cancel)).Messages.Should().ContainSingle(message => message.Sequence == sent.Sequence && message.Sender == "ann");
        await using var stranger = host.NewClient(TokenSignIn.NewToken("ann", other));
        var refused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        stranger.StateChanged += (_, state) =>
        {
            if (state.Status is ConnectionStatus.Closed or ConnectionStatus.Waiting) refused.TrySetResult();
        };
        var connecting = stranger.ConnectAsync(Cancel);
        await refused.Task.WaitAsync(Patience, Cancel);
        connecting.IsCompletedSuccessfully.Should().BeFalse();
    }

    [Fact]
    public async Task People_are_named_by_the_ids_of_their_accounts_and_a_new_name_is_told()
    {
        await using var database = new Microsoft.Data.Sqlite.SqliteConnection("Data Source=:memory:");
        await database.OpenAsync(Cancel);
        await using var host = await SnippetHost.StartAsync(
            services =>
            {
                services.AddAuthorization();
                services.AddAuthentication("Bearer").AddJwtBearer("Bearer");
                services.AddDbContext<Accounts>(options => options.UseSqlite(database));
                services.AddIdentityCore<Account>().AddEntityFrameworkStores<Accounts>();
                return Messaging(services).UseUserDirectory<People>();
            },
            app => app.MapDisplayName());
        await using (var scope = host.Services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<Accounts>().Database.EnsureCreatedAsync(Cancel);
            foreach (var name in (string[])["ann", "bob"])
            {
                var account = new Account { UserName = name, DisplayName = $"{name} Ames", Picture = $"/{name}.png" };
                (await scope.ServiceProvider.GetRequiredService<UserManager<Account>>().CreateAsync(account)).Succeeded.Should().BeTrue();
            }
        }

        var bob = await host.ConnectAsync("2");
        var changed = new TaskCompletionSource<UserProfile>(TaskCreationOptions.RunContinuationsAsynchronously);
        bob.UserChanged += (_, profile) => changed.TrySetResult(profile);
        (await bob.UsersAsync(["1", "2", "3", "ann", "01", "-1"], Cancel)).Should().BeEquivalentTo([new UserProfile("1", "ann Ames", "/ann.png"), new UserProfile("2", "bob Ames", "/bob.png")]);
        using var http = host.NewHttpClient("1");
        (await http.PutAsync(new Uri("/me/name?name=Ann", UriKind.Relative), null, Cancel)).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await changed.Task.WaitAsync(Patience, Cancel)).Should().Be(new UserProfile("1", "Ann", "/ann.png"));
        using var stranger = host.NewHttpClient();
        (await stranger.PutAsync(new Uri("/me/name?name=x", UriKind.Relative), null, Cancel)).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_badge_counts_all_channels_of_the_user()
    {
        await using var host = await SnippetHost.StartAsync(Messaging);
        foreach (var channel in (string[])["one", "two"])
        {
            await host.Messaging.Channels.EnsureAsync(channel, cancellationToken: Cancel);
            await host.Messaging.Members.AddAsync(channel, "ann", cancellationToken: Cancel);
            await host.Messaging.Messages.SendAsync(channel, "Hello", cancellationToken: Cancel);
        }

        var ann = await host.ConnectAsync("ann");
        await using var badge = ann.UnreadAsync(TimeSpan.FromMilliseconds(20), Cancel).GetAsyncEnumerator(Cancel);
        (await badge.MoveNextAsync()).Should().BeTrue();
        badge.Current.Should().Be(2);
        await ann.Channel("one").MarkReadAsync(1, Cancel);
        await badge.MoveNextAsync();
        badge.Current.Should().Be(1);
    }

    [Fact]
    public async Task An_outbox_sends_what_was_committed_and_nothing_twice()
    {
        var file = Path.Combine(Path.GetTempPath(), $"outbox-{Guid.NewGuid():N}.db");
        try
        {
            await using var host = await SnippetHost.StartAsync(Messaging);
            var connectionString = $"Data Source={file};Pooling=False";
            await using var connection = new SqliteConnection(connectionString);
            await connection.OpenAsync(Cancel);
            await using (var command = new SqliteCommand("CREATE TABLE outbox(place INTEGER PRIMARY KEY, id TEXT, channel TEXT, text TEXT)", connection)) await command.ExecuteNonQueryAsync(Cancel);
            await using (var transaction = (SqliteTransaction)await connection.BeginTransactionAsync(Cancel))
            {
                await Outbox.AddAsync(transaction, "lobby", "paid");
                await Outbox.AddAsync(transaction, "lobby", "shipped");
                await transaction.CommitAsync(Cancel);
            }

            await using (var transaction = (SqliteTransaction)await connection.BeginTransactionAsync(Cancel))
            {
                await Outbox.AddAsync(transaction, "lobby", "never");
                await transaction.RollbackAsync(Cancel);
            }

            // The first attempt stores a message, and ends before its row is gone.
            string id;
            await using (var command = new SqliteCommand("SELECT id FROM outbox ORDER BY place LIMIT 1", connection)) id = (string)(await command.ExecuteScalarAsync(Cancel))!;
            await host.Messaging.Messages.SendAsync("lobby", new OutgoingMessage { Id = MessageId.Parse(id), Text = "paid" }, cancellationToken: Cancel);
            await new Outbox(connectionString, host.Messaging).SendAsync(Cancel);
            await new Outbox(connectionString, host.Messaging).SendAsync(Cancel);
            (await host.Messaging.Messages.ReadHistoryAsync("lobby", cancellationToken: Cancel)).Messages.Select(message => message.Content.Text).Should().Equal("paid", "shipped");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_banned_user_is_disconnected_and_finds_no_channel()
    {
        await using var host = await SnippetHost.StartAsync(services => Messaging(services).UseChannelAuthorizer<Bans>(), app => app.MapBans());
        var troll = await host.ConnectAsync("troll");
        await troll.Channel("lobby").SendAsync("Hello", Cancel);
        using var http = host.NewHttpClient();
        using var answer = await http.PostAsync(new Uri("/bans/troll", UriKind.Relative), null, Cancel);
        (await answer.Content.ReadAsStringAsync(Cancel)).Should().Be("1");
        await UntilAsync(() => Task.FromResult(troll.State.Status == ConnectionStatus.Closed));
        var again = await host.ConnectAsync("troll");
        (await again.Channel("lobby").Invoking(it => it.SendAsync("Me again")).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.NotFound);
        (await (await host.ConnectAsync("ann")).Channel("lobby").SendAsync("Peace", Cancel)).Sequence.Should().Be(2);
    }

    private static RealtimeMessagingBuilder Messaging(IServiceCollection services) =>
        services.AddRealtimeMessaging().AddWebSockets().UseAuthenticator<TokenIsTheName>();

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        patience.CancelAfter(Patience);
        while (!await holds()) await Task.Delay(TimeSpan.FromMilliseconds(10), patience.Token);
    }

    private sealed class RecordingPush : IPush
    {
        public ConcurrentQueue<string> Asked { get; } = [];

        public TaskCompletionSource<string> Sent { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task SendAsync(string user, string text, CancellationToken cancellationToken)
        {
            Asked.Enqueue(user);
            if (user == "broken") throw new InvalidOperationException("The push service is away.");
            Sent.TrySetResult($"{user}: {text}");
            return Task.CompletedTask;
        }
    }
}
