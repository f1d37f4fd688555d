using System.Text.Json;
using RealtimeKit.Checking.Clients;

namespace RealtimeKit.Checking.Inboxes;

/// <summary>
/// What a user with an inbox does in its channels: posts and mentions others, edits and deletes, reads, joins and leaves, blocks, hides and mutes.
/// What became of it nobody notes: the database knows.
/// </summary>
/// <param name="user">The user.</param>
/// <param name="others">The other users with inboxes.</param>
/// <param name="rooms">The channels that it may write to.</param>
/// <param name="crowded">Channels that others write to, which it joins and leaves.</param>
/// <param name="picture">What the user's inbox shows.</param>
/// <param name="caller">Makes its requests.</param>
/// <param name="seed">Decides what it does.</param>
/// <param name="scene">What the clients share.</param>
internal sealed class InboxHand(
    string user, IReadOnlyList<string> others, IReadOnlyList<string> rooms, IReadOnlyList<string> crowded, Func<InboxPicture?> picture, RawCaller caller, int seed, Scene scene)
{
    // So many of what other clients do in the time.
    private const int ActionsForEach = 2;
    private static readonly string[] Notify = ["all", "all", "mentions", "none"];
    private readonly Random _random = new(seed);
    private readonly List<(string Channel, long Sequence)> _mine = [];

    /// <summary>Works until told to stop.</summary>
    public async Task WorkAsync(CancellationToken stop)
    {
        while (await scene.Pace.TurnAsync(_random, ActionsForEach, stop)) await scene.Pending.Of(ActAsync());
    }

    private Task ActAsync() => _random.Next(100) switch
    {
        < 40 => PostAsync(),
        < 52 => ReadAsync(),
        < 60 => ChangeAsync("edit"),
        < 66 => ChangeAsync("delete"),
        < 72 => AskAsync("join", Channel(_random.Next(2) == 0 ? rooms : crowded)),
        < 78 => AskAsync("leave", Channel(_random.Next(2) == 0 ? rooms : crowded)),
        < 86 => PreferAsync(),
        < 92 => AskAsync(_random.Next(2) == 0 ? "block" : "unblock", new() { ["user"] = Any(others) }),
        _ => PostToOneAsync(),
    };

    private Task PostAsync() => PostAsync(Any(rooms));

    private async Task PostToOneAsync()
    {
        var other = Any(others);
        var reply = await AskAsync("create", new() { ["kind"] = "direct", ["members"] = new[] { other } });
        if (reply is { } made && RawConnection.Type(made) == "ok") await PostAsync(made.GetProperty("channel").GetString()!);
    }

    private async Task PostAsync(string channel)
    {
        var message = Content();
        message["id"] = scene.Ledger.NewId(_random).ToString();
        var reply = await AskAsync("publish", new() { ["channel"] = channel, ["message"] = message });
        if (reply is { } posted && RawConnection.Type(posted) == "published") _mine.Add((channel, posted.GetProperty("sequence").GetInt64()));
    }

    private async Task ReadAsync()
    {
        if (picture() is not { Rows.Count: > 0 } shown) return;
        var row = shown.Rows.Values.ElementAt(_random.Next(shown.Rows.Count));
        await AskAsync("read", new() { ["channel"] = row.Channel, ["sequence"] = Math.Max(1, row.Sequence - _random.Next(10)) });
    }

    private async Task ChangeAsync(string type)
    {
        if (_mine.Count == 0) return;
        var (channel, sequence) = _mine[Math.Max(0, _mine.Count - 1 - _random.Next(8))];
        var fields = type == "edit" ? Content() : [];
        (fields["channel"], fields["sequence"]) = (channel, sequence);
        await AskAsync(type, fields);
    }

    private async Task PreferAsync()
    {
        if (picture() is not { Rows.Count: > 0 } shown) return;
        var fields = Channel([shown.Rows.Keys.ElementAt(_random.Next(shown.Rows.Count))]);
        if (_random.Next(2) == 0) fields["notify"] = Any(Notify);
        if (_random.Next(3) == 0) fields["pinned"] = _random.Next(2) == 0;
        if (_random.Next(3) == 0) fields["hidden"] = _random.Next(2) == 0;
        await AskAsync("prefer", fields);
    }

    private Dictionary<string, object?> Content()
    {
        var content = new Dictionary<string, object?> { ["text"] = Scene.Text(user, "mentions", _random) };
        if (_random.Next(2) == 0) content["mentions"] = others.Where(_ => _random.Next(2) == 0).ToArray();
        return content;
    }

    private Dictionary<string, object?> Channel(IReadOnlyList<string> channels) => new() { ["channel"] = Any(channels) };

    private Task<JsonElement?> AskAsync(string type, Dictionary<string, object?> fields) => caller.TryAsync(type, fields);

    private T Any<T>(IReadOnlyList<T> list) => list[_random.Next(list.Count)];
}
