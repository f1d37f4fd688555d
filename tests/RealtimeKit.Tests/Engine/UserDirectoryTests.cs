using System.Collections.Concurrent;
using System.Security.Claims;
using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using RealtimeKit.Tests.Engine.Nodes;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>What the host shows of users: on request, and what changes of them, on two nodes.</summary>
public sealed class UserDirectoryTests : IAsyncLifetime
{
    private readonly InMemoryStore _store = new();
    private readonly InMemoryBrokerNetwork _network = new();
    private readonly People _people = new();
    private TestNode _here = null!;
    private TestNode _there = null!;
    private TestClient _ann = null!;
    private TestClient _bob = null!;
    private long _id = 10;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (_here, _there) = (await StartAsync(), await StartAsync());
        await Until.TrueAsync(() => new[] { _here, _there }.All(node => node.Services.GetRequiredService<Hosting.RealtimeNode>().OtherNodes!.Ids.Count == 1), "the nodes hear each other");
        (_ann, _bob) = (await _here.ConnectAsync("ann"), await _there.ConnectAsync("bob"));
        _people.Set(new UserProfile("17", "Ann Lee", "/avatars/17.png", JsonValue.Parse("""{"team":[1,2]}""")));
        _people.Set(new UserProfile("18"));
    }

    public async ValueTask DisposeAsync()
    {
        await _ann.DisposeAsync();
        await _bob.DisposeAsync();
        await _here.DisposeAsync();
        await _there.DisposeAsync();
    }

    [Fact]
    public async Task Users_are_given_as_the_directory_has_them_and_the_unknown_are_left_out()
    {
        (await AskAsync(_ann, "\"17\",\"nobody\",\"18\",\"17\"")).Should().BeEquivalentTo(
            """{"user":"17","name":"Ann Lee","avatar":"/avatars/17.png","data":{"team":[1,2]}}""", """{"user":"18"}""");
        var lookup = _people.Lookups.Should().ContainSingle().Subject;
        lookup.Users.Should().Equal("17", "nobody", "18");
        (lookup.Caller, lookup.Principal!.FindFirst(ClaimTypes.NameIdentifier)!.Value).Should().Be(("ann", "ann"));
        _people.Hidden.TryAdd(("bob", "17"), true);
        (await AskAsync(_bob, "\"17\",\"18\"")).Should().Equal("""{"user":"18"}""");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\"17\",5")]
    [InlineData("\"17\",\" x\"")]
    [InlineData("\"17\",\"\"")]
    public async Task Wrong_names_are_invalid(string users)
    {
        (await CodeAsync($"\"users\":[{users}]")).Should().Be("invalid");
        _people.Lookups.Should().BeEmpty();
    }

    [Fact]
    public async Task One_to_two_hundred_users_are_asked_for_at_once()
    {
        foreach (var fields in new[] { "\"x\":1", "\"users\":null", "\"users\":\"17\"", "\"users\":{}", $"\"users\":[{Names(0, 201)}]" }) (await CodeAsync(fields)).Should().Be("invalid", fields);
        (await AskAsync(_ann, Names(0, 200))).Should().BeEquivalentTo("""{"user":"18"}""", """{"user":"17","name":"Ann Lee","avatar":"/avatars/17.png","data":{"team":[1,2]}}""");
    }

    [Fact]
    public async Task Two_hundred_of_the_largest_profiles_fit_and_a_larger_one_is_left_out_and_logged()
    {
        for (var user = 0; user < 200; user++) _people.Set(new UserProfile($"{user}", new string('n', 4_060)));
        _people.Set(new UserProfile("7", new string('n', 4_090)));
        _people.Set(new UserProfile("8", "\ud800"));
        (await AskAsync(_ann, Names(0, 200))).Should().HaveCount(198);
        _here.Log.Entries.Count(entry => entry.Text.Contains("was left out", StringComparison.Ordinal)).Should().Be(2);
    }

    [Fact]
    public async Task What_changes_is_sent_to_those_who_asked_on_every_node_as_each_may_see_it()
    {
        await using var eve = await _there.ConnectAsync("eve");
        await using var carl = await _here.ConnectAsync("carl");
        foreach (var client in new[] { _ann, _bob, eve }) await AskAsync(client, "\"17\",\"new\"");
        await AskAsync(carl, "\"18\"");
        _people.Hidden.TryAdd(("eve", "17"), true);
        _people.Set(new UserProfile("17", "Ann Other"));
        _people.Set(new UserProfile("new", "Newcomer"));
        _here.Messaging.Users.Changed("17", "new", "nobody");
        foreach (var client in new[] { _ann, _bob })
        {
            var frames = new[] { (await client.WaitForAsync("user")).GetRawText(), (await client.WaitForAsync("user")).GetRawText() };
            frames.Should().BeEquivalentTo("""{"type":"user","user":"17","name":"Ann Other"}""", """{"type":"user","user":"new","name":"Newcomer"}""");
        }

        (await eve.WaitForAsync("user")).GetProperty("user").GetString().Should().Be("new");
        await NothingAsync(eve);
        await NothingAsync(carl);
        _there.Messaging.Users.Changed(["18"]);
        // The marker may come once more: it was changed for eve as well.
        (await carl.WaitAsync(frame => frame.GetProperty("type").GetString() == "user" && frame.GetProperty("user").GetString() != "marker", "18"))
            .GetRawText().Should().Be("""{"type":"user","user":"18"}""");
    }

    [Fact]
    public async Task The_thousand_users_asked_for_last_are_watched_and_a_connection_that_ended_watches_nobody()
    {
        await AskAsync(_ann, "\"17\",\"18\"");
        for (var first = 1_000; first < 1_800; first += 200) await AskAsync(_ann, Names(first, 200));
        await AskAsync(_ann, "\"18\"");
        await AskAsync(_ann, Names(1_800, 199));
        _people.Set(new UserProfile("1900", "Last"));
        _here.Messaging.Users.Changed("17");
        _here.Messaging.Users.Changed("18");
        (await _ann.WaitForAsync("user")).GetProperty("user").GetString().Should().Be("18", "17 was asked for before a thousand others");
        _here.Messaging.Users.Changed("1900");
        (await _ann.WaitForAsync("user")).GetProperty("name").GetString().Should().Be("Last");

        await _ann.DisposeAsync();
        await Until.TrueAsync(() => _here.Messaging.Users.GetConnectionCountAsync("ann", Cancel).GetAwaiter().GetResult() == 0, "ann is gone");
        var lookups = _people.Lookups.Count;
        _here.Messaging.Users.Changed("18");
        await using var next = await _here.ConnectAsync("ann");
        await AskAsync(next, "\"17\"");
        _here.Messaging.Users.Changed("18", "17");
        (await next.WaitForAsync("user")).GetProperty("user").GetString().Should().Be("17", "it lasts for the connection");
        _people.Lookups.Should().HaveCount(lookups + 2);
    }

    [Fact]
    public async Task A_change_while_the_directory_is_asked_is_sent_behind_the_reply()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _people.Gate = gate.Task;
        var asking = AskAsync(_ann, "\"17\"");
        await Until.TrueAsync(() => _people.Lookups.Count == 1, "the directory is asked");
        _people.Gate = Task.CompletedTask;
        _people.Set(new UserProfile("17", "Newer"));
        _here.Messaging.Users.Changed("17");
        gate.SetResult();
        (await asking).Single().Should().Contain("Ann Lee", "that was read before the change");
        (await _ann.WaitForAsync("user")).GetProperty("name").GetString().Should().Be("Newer");
    }

    [Fact]
    public async Task Many_changes_of_a_user_end_in_the_last_one()
    {
        await AskAsync(_bob, "\"17\"");
        for (var number = 1; number <= 500; number++)
        {
            _people.Set(new UserProfile("17", $"{number}"));
            _here.Messaging.Users.Changed("17");
        }

        while ((await _bob.WaitForAsync("user")).GetProperty("name").GetString() != "500")
        {
        }

        _people.Lookups.Should().HaveCountLessThan(502);
    }

    [Fact]
    public async Task A_directory_that_fails_is_answered_as_internal_and_asked_again_for_changes()
    {
        await using var node = await StartAsync(TimeSpan.FromMilliseconds(100));
        await using var ann = await node.ConnectAsync("ann");
        _people.Fails = true;
        var id = ++_id;
        (await ann.RequestAsync($$"""{"type":"users","id":{{id}},"users":["17"]}""", id)).GetProperty("code").GetString().Should().Be("internal");
        node.Messaging.Users.Changed("17");
        await Until.TrueAsync(() => node.Log.Entries.Any(entry => entry.Text.Contains("asked again", StringComparison.Ordinal)), "the failure is logged");
        _people.Fails = false;
        (await ann.WaitForAsync("user")).GetProperty("name").GetString().Should().Be("Ann Lee");
    }

    [Fact]
    public async Task Without_a_directory_nobody_is_known()
    {
        await using var node = await TestNode.StartAsync();
        await using var ann = await node.ConnectAsync("ann");
        (await AskAsync(ann, "\"17\"")).Should().BeEmpty();
        node.Messaging.Users.Changed("17");
        await NothingAsync(ann);
        FluentActions.Invoking(() => node.Messaging.Users.Changed("17", " ")).Should().Throw<ArgumentException>();
    }

    private Task<TestNode> StartAsync(TimeSpan? repair = null) => TestNode.StartAsync(
        builder =>
        {
            builder.Services.AddSingleton<IMessageStore>(_store);
            builder.Services.AddSingleton<IChannelStore>(_store);
            builder.UseInMemoryBroker(_network).UseUserDirectory(_ => _people);
        },
        options => options.RepairInterval = repair ?? options.RepairInterval);

    private static string Names(int first, int count) => string.Join(',', Enumerable.Range(first, count).Select(number => $"\"{number}\""));

    private async Task<IReadOnlyList<string>> AskAsync(TestClient client, string users)
    {
        var id = ++_id;
        var reply = await client.RequestAsync($$"""{"type":"users","id":{{id}},"users":[{{users}}]}""", id);
        return [.. reply.GetProperty("users").EnumerateArray().Select(user => user.GetRawText())];
    }

    private async Task<string> CodeAsync(string fields)
    {
        var id = ++_id;
        return (await _ann.RequestAsync($$"""{"type":"users","id":{{id}},{{fields}}}""", id)).GetProperty("code").GetString()!;
    }

    // One more user is asked about and changes: what was sent before that has come before it.
    private async Task NothingAsync(TestClient client)
    {
        _people.Set(new UserProfile("marker"));
        await AskAsync(client, "\"marker\"");
        _here.Messaging.Users.Changed("marker");
        await client.SendAsync($$"""{"type":"ping","id":{{++_id}}}""");
        var id = _id;
        var frame = await client.WaitAsync(
            frame => frame.GetProperty("type").GetString() == "user" || (frame.TryGetProperty("id", out JsonElement reply) && reply.GetInt64() == id), "the marker");
        if (frame.GetProperty("type").GetString() == "user") frame.GetProperty("user").GetString().Should().Be("marker");
    }

    private sealed class People : IUserDirectory
    {
        private readonly ConcurrentDictionary<string, UserProfile> _users = new(StringComparer.Ordinal);

        public ConcurrentDictionary<(string Caller, string User), bool> Hidden { get; } = [];

        public ConcurrentQueue<UserLookup> Lookups { get; } = [];

        public Task Gate { get; set; } = Task.CompletedTask;

        public bool Fails { get; set; }

        public void Set(UserProfile profile) => _users[profile.User] = profile;

        public async ValueTask<IReadOnlyList<UserProfile>> FindAsync(UserLookup lookup, CancellationToken cancellationToken)
        {
            // One that was not asked for is ignored.
            UserProfile[] found = [.. lookup.Users.Where(_users.ContainsKey).Select(user => _users[user]), new UserProfile("stray", "Not asked for"), .. lookup.Users.Where(_users.ContainsKey).Select(user => new UserProfile(user, "Twice"))];
            var gate = Gate;
            Lookups.Enqueue(lookup);
            await gate.WaitAsync(cancellationToken);
            if (Fails) throw new InvalidOperationException("The directory fails.");
            return [.. found.Where(profile => !Hidden.ContainsKey((lookup.Caller, profile.User)))];
        }
    }
}
