using System.Collections.Concurrent;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client.Tests;

/// <summary>Pins, receipts and profiles, over real sockets to two nodes.</summary>
public sealed class PinsReceiptsUsersTests : IAsyncLifetime
{
    private readonly InMemoryBrokerNetwork _network = new();
    private readonly People _people = new();
    private ChatHost _here = null!;
    private ChatHost _there = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _here = await ChatHost.StartAsync(network: _network, directory: _people);
        _there = await ChatHost.StartAsync(_here.Store, network: _network, directory: _people);
    }

    public async ValueTask DisposeAsync()
    {
        await _here.DisposeAsync();
        await _there.DisposeAsync();
    }

    [Fact]
    public async Task A_moderator_pins_and_readers_of_both_nodes_see_it()
    {
        await using var pair = await ConnectAsync("mod", "bob");
        var (mod, bob) = pair;
        await _here.Messaging.Members.AddAsync("lobby", "own", ChannelRole.Owner, cancellationToken: Token);
        await _here.Messaging.Members.AddAsync("lobby", "mod", ChannelRole.Moderator, cancellationToken: Token);
        var (hers, his) = (mod.Channel("lobby"), bob.Channel("lobby"));
        foreach (var channel in new[] { hers, his }) await channel.SubscribeAsync(cancellationToken: Token).InTime();
        for (var number = 1; number <= 3; number++) await his.SendAsync($"{number}", Token).InTime();
        (await hers.PinAsync(2, Token).InTime()).Should().Be(4);
        (await hers.PinAsync(2, Token).InTime()).Should().Be(4);
        foreach (var channel in new[] { hers, his })
        {
            var pinned = (await channel.TakeWhileAsync(update => update is not MessageUpdated)).OfType<MessageUpdated>().Single().Message;
            (pinned.Sequence, pinned.Version, pinned.PinnedBy, pinned.Text).Should().Be((2, 4, "mod", "2"));
            pinned.PinnedAt.Should().NotBeNull();
        }

        (await his.HistoryAsync(new HistoryOptions { Pinned = true }, Token).InTime()).Messages.Should().ContainSingle().Which.PinnedBy.Should().Be("mod");
        (await his.Invoking(channel => channel.UnpinAsync(2, Token)).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.Forbidden);
        (await hers.UnpinAsync(2, Token).InTime()).Should().Be(5);
        var unpinned = (await his.TakeWhileAsync(update => update is not MessageUpdated)).OfType<MessageUpdated>().Last().Message;
        (unpinned.Version, unpinned.PinnedAt, unpinned.PinnedBy).Should().Be((5, null, null));
        (await his.HistoryAsync(new HistoryOptions { Pinned = true }, Token).InTime()).Messages.Should().BeEmpty();
    }

    [Fact]
    public async Task In_a_small_channel_the_others_see_how_far_one_has_read()
    {
        await using var pair = await ConnectAsync("mod", "bob");
        var (mod, bob) = pair;
        await mod.Channel("lobby").SubscribeAsync(cancellationToken: Token).InTime();
        await mod.Channel("lobby").SendAsync("hello", Token).InTime();
        await bob.Channel("lobby").MarkReadAsync(1, Token).InTime();
        var read = (await mod.Channel("lobby").TakeWhileAsync(update => update is not SignalReceived { Name: "read" })).OfType<SignalReceived>().Single(signal => signal.Name == "read");
        (read.User, read.Data!.ToString()).Should().Be(("bob", """{"sequence":1}"""));
    }

    [Fact]
    public async Task What_changes_of_users_comes_from_every_node_and_after_a_time_without_connection()
    {
        await using var proxy = new TcpProxy(_there.Port);
        await using var bob = _there.Client("bob", proxy);
        var changes = new ConcurrentQueue<UserProfile>();
        bob.UserChanged += (_, profile) => changes.Enqueue(profile);
        await bob.ConnectAsync(Token).InTime();
        _people.Users["17"] = new UserProfile("17", "Ann", "/17.png", JsonValue.Parse("[1]"));
        (await bob.UsersAsync(["17", "18", "17"], Token).InTime()).Should().Equal(new UserProfile("17", "Ann", "/17.png", JsonValue.Parse("[1]")));
        await bob.Invoking(client => client.UsersAsync([], Token)).Should().ThrowAsync<ArgumentException>();
        await bob.Invoking(client => client.UsersAsync(Enumerable.Range(0, 201).Select(number => $"{number}"), Token)).Should().ThrowAsync<ArgumentException>();
        await bob.Invoking(client => client.UsersAsync([" x"], Token)).Should().ThrowAsync<ArgumentException>();

        _people.Users["17"] = new UserProfile("17", "Other");
        _people.Users["18"] = new UserProfile("18", "New");
        _here.Messaging.Users.Changed("17", "18");
        await Eventually.TrueAsync(() => changes.Count == 2, "both changes come");
        changes.Should().BeEquivalentTo([new UserProfile("17", "Other"), new UserProfile("18", "New")]);

        proxy.Refuse(true);
        proxy.Cut();
        await bob.UntilAsync(ConnectionStatus.Waiting);
        _people.Users["18"] = new UserProfile("18", "Changed meanwhile");
        _here.Messaging.Users.Changed("18");
        proxy.Refuse(false);
        await Eventually.TrueAsync(() => changes.Count == 3, "the change is noticed");
        changes.Last().Should().Be(new UserProfile("18", "Changed meanwhile"));
    }

    private async Task<Pair> ConnectAsync(string one, string other)
    {
        var pair = new Pair(_here.Client(one), _there.Client(other));
        await Task.WhenAll(pair.One.ConnectAsync(Token), pair.Other.ConnectAsync(Token)).InTime();
        return pair;
    }

    private sealed record Pair(RealtimeClient One, RealtimeClient Other) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await One.DisposeAsync();
            await Other.DisposeAsync();
        }
    }

    private sealed class People : IUserDirectory
    {
        public ConcurrentDictionary<string, UserProfile> Users { get; } = new(StringComparer.Ordinal);

        public ValueTask<IReadOnlyList<UserProfile>> FindAsync(UserLookup lookup, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IReadOnlyList<UserProfile>>([.. lookup.Users.Where(Users.ContainsKey).Select(user => Users[user])]);
    }
}
