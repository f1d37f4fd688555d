using RealtimeKit.Checking.Clients;

namespace RealtimeKit.Checking.Inboxes;

/// <summary>The owner of the channels: invites, removes, bans, mutes, gives roles and changes settings, all at random.</summary>
/// <param name="users">The users with inboxes.</param>
/// <param name="rooms">The channels.</param>
/// <param name="caller">Makes its requests.</param>
/// <param name="seed">Decides what it does.</param>
/// <param name="scene">What the clients share.</param>
internal sealed class InboxKeeper(IReadOnlyList<string> users, IReadOnlyList<string> rooms, RawCaller caller, int seed, Scene scene)
{
    private const int ActionsForEach = 3;
    private readonly Random _random = new(seed);

    /// <summary>Makes the channels, every second one private, and invites everybody.</summary>
    public async Task PrepareAsync()
    {
        for (var n = 0; n < rooms.Count; n++)
        {
            await caller.UntilAnsweredAsync("create", new() { ["channel"] = rooms[n], ["kind"] = n % 2 == 0 ? "public" : "private", ["name"] = $"Room {n}" });
            foreach (var user in users) await caller.UntilAnsweredAsync("invite", new() { ["channel"] = rooms[n], ["user"] = user });
        }
    }

    /// <summary>Works until told to stop.</summary>
    public async Task WorkAsync(CancellationToken stop)
    {
        while (await scene.Pace.TurnAsync(_random, ActionsForEach, stop)) await scene.Pending.Of(ActAsync());
    }

    private async Task ActAsync()
    {
        var fields = new Dictionary<string, object?> { ["channel"] = rooms[_random.Next(rooms.Count)] };
        var (type, concernsUser) = _random.Next(100) switch
        {
            < 36 => ("invite", true),
            < 50 => ("remove", true),
            < 60 => ("ban", true),
            < 76 => ("unban", true),
            < 80 => ("mute", true),
            < 86 => ("unmute", true),
            < 92 => ("setRole", true),
            _ => ("update", false),
        };
        if (concernsUser) fields["user"] = users[_random.Next(users.Count)];
        if (type == "setRole") fields["role"] = _random.Next(2) == 0 ? "moderator" : "member";
        if (type == "update") fields["name"] = $"Room {_random.Next(100)}";
        await caller.TryAsync(type, fields);
    }
}
