using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;

namespace RealtimeKit.Checking.Clients;

/// <summary>
/// Members of a private channel are removed or banned while they read it, and the owner goes on publishing. Nothing that was published later than the
/// contract allows may reach one who was removed, however late it arrives: so networks that hold frames back do no harm to the check.
/// </summary>
/// <param name="channel">The channel, which it makes.</param>
/// <param name="owner">Makes the owner's requests.</param>
/// <param name="guests">The names of those who are removed, and their ways to the nodes.</param>
/// <param name="most">For how long after the answer what is published may still reach them: the repair interval.</param>
/// <param name="seed">Decides what it does.</param>
/// <param name="scene">What the clients share.</param>
internal sealed class Removals(string channel, RawCaller owner, IReadOnlyList<(string User, IWay Way)> guests, TimeSpan most, int seed, Scene scene) : IAsyncDisposable
{
    // For how long more is published than what may still be received.
    private static readonly TimeSpan Beyond = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan BetweenPosts = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan Try = TimeSpan.FromMilliseconds(400);
    private readonly Random _random = new(seed);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<(string User, Guid Id), bool> _received = new();
    private readonly List<(string User, Guid Id, TimeSpan After)> _hidden = [];
    private readonly ConcurrentDictionary<string, bool> _reading = new();
    private readonly ConcurrentDictionary<string, bool> _invited = new();
    private Task _following = Task.CompletedTask;

    /// <summary>Makes the channel and lets the guests try to read it from now on.</summary>
    public async Task FollowAsync()
    {
        await owner.UntilAnsweredAsync("create", new() { ["channel"] = channel, ["kind"] = "private" });
        _following = Task.WhenAll(guests.Select(FollowAsync));
    }

    /// <summary>Works until told to stop.</summary>
    public async Task WorkAsync(CancellationToken stop)
    {
        try
        {
            while (await scene.Pace.TurnAsync(_random, 1, stop)) await RemoveAsync(guests[_random.Next(guests.Count)].User, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested || owner.GivenUp.IsCancellationRequested)
        {
            // The run ends.
        }
    }

    /// <summary>Checks that nothing of what was hidden reached those whom it was hidden from.</summary>
    public void Check()
    {
        foreach (var (user, id, after) in _hidden)
            scene.Findings.Require(
                Checks.Check.Authorization, !_received.ContainsKey((user, id)),
                () => string.Create(CultureInfo.InvariantCulture, $"{channel}: {user} received {id}, which was published {after.TotalSeconds:f1} s after the answer that took the right to read it"));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _following;
        await owner.DisposeAsync();
        _stopping.Dispose();
    }

    private async Task RemoveAsync(string user, CancellationToken stop)
    {
        var isBan = _random.Next(2) == 0;
        var fields = new Dictionary<string, object?> { ["channel"] = channel, ["user"] = user };
        _invited[user] = true;
        await owner.UntilAnsweredAsync("invite", fields);
        _reading[user] = false;
        for (var tries = 0; tries < 20 && !_reading[user]; tries++) await Task.Delay(Try, scene.Time, stop);
        await scene.Pending.Of(owner.UntilAnsweredAsync(isBan ? "ban" : "remove", fields));
        var began = scene.Time.GetTimestamp();
        _invited[user] = false;
        while (scene.Time.GetElapsedTime(began) is var after && after < most + Beyond)
        {
            var id = scene.Ledger.NewId(_random);
            // Noted before, so that nothing that comes is unknown.
            if (after > most) _hidden.Add((user, id, after));
            var message = new Dictionary<string, object?> { ["id"] = id.ToString(), ["text"] = Scene.Text("owner", "writes", _random) };
            await scene.Pending.Of(owner.TryAsync("publish", new() { ["channel"] = channel, ["message"] = message }));
            await Task.Delay(BetweenPosts, scene.Time, stop);
        }

        if (isBan) await owner.UntilAnsweredAsync("unban", fields);
    }

    private async Task FollowAsync((string User, IWay Way) guest)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                using var link = await RawConnection.OpenAsync(guest.Way.ConnectAsync, scene.Time, (_, type, frame) => Take(guest.User, type, frame));
                using var stopped = _stopping.Token.Register(() => _ = link.AbortAsync());
                while (!link.Ended.IsCancellationRequested)
                {
                    // From now on only, so that what it may see after the next invitation is nothing of the time in between.
                    if (!_reading.GetValueOrDefault(guest.User))
                        _reading[guest.User] = RawConnection.Type(await link.RequestAsync("subscribe", new() { ["channel"] = channel })) == "subscribed";
                    await Task.Delay(Try, scene.Time, link.Ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
            catch (ConnectionLostException e)
            {
                scene.Story.Tell($"{guest.User} lost its connection: {e.Message}");
            }

            _reading[guest.User] = false;
            await Task.Delay(Try, scene.Time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Take(string user, string type, JsonElement frame)
    {
        // Who is invited again may see all of it.
        if (!_invited.GetValueOrDefault(user) && type == "event" && frame.TryGetProperty("message", out var message))
            _received[(user, message.GetProperty("id").GetGuid())] = true;
    }
}
