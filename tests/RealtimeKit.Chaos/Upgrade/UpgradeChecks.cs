using RealtimeKit.Chaos.Nodes;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Clients;
using RealtimeKit.Checking.History;
using RealtimeKit.Checking.Inboxes;
using RealtimeKit.Checking.Runs;

namespace RealtimeKit.Chaos.Upgrade;

/// <summary>What the new version makes of what the earlier one wrote: the index for searches, the directory and an inbox.</summary>
internal sealed class UpgradeChecks(Cluster cluster, Trial trial, Story story)
{
    private const int Searches = 60;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(100);
    private static readonly TimeSpan BetweenSearches = TimeSpan.FromMilliseconds(220);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);

    public async Task RunAsync()
    {
        var scene = new Scene(trial.Ledger, new Agreement(trial.Findings), trial.Findings, story, new Pace(1, TimeProvider.System), TimeProvider.System);
        await using var caller = new RawCaller(new NodeWay(cluster.Nodes[0]), scene);
        await CheckSearchAsync(caller);
        await CheckDirectoryAsync(caller);
        await CheckInboxAsync(scene);
    }

    // What stands in the log now is found, edits by whichever version among it, and as soon as the background is done.
    private async Task CheckSearchAsync(RawCaller caller)
    {
        var random = new Random(1);
        var edited = trial.Log.Values.SelectMany(entries => entries).Where(entry => entry.Text is not null).OrderBy(entry => entry.EditedAt is null).ThenBy(_ => random.Next()).ToList();
        var wanted = edited.Take(Searches).Concat(edited.OrderBy(_ => random.Next()).Take(Searches)).ToList();
        var left = wanted;
        var begin = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var missing = new List<Entry>();
            foreach (var entry in left)
            {
                if (!await IsFoundAsync(caller, entry)) missing.Add(entry);
                // As many as a user may make.
                await Task.Delay(BetweenSearches);
            }

            left = missing;
            if (missing.Count > 0 && TimeProvider.System.GetElapsedTime(begin) < Limit)
            {
                await Task.Delay(Step);
                continue;
            }

            trial.Findings.Count(Check.Complete, wanted.Count);
            story.Say($"  searches found {wanted.Count - missing.Count} of {wanted.Count} after {TimeProvider.System.GetElapsedTime(begin).TotalSeconds:f1} s");
            foreach (var entry in missing) trial.Findings.Violate(Check.Complete, $"a search does not find {entry.Describe()}");
            return;
        }
    }

    // The third word of every text is its own.
    private static async Task<bool> IsFoundAsync(RawCaller caller, Entry entry)
    {
        var reply = await caller.UntilAnsweredAsync("search", new() { ["channel"] = entry.Channel, ["query"] = entry.Text!.Split(' ')[2] });
        return RawConnection.Type(reply) == "results" && Entries.ListFromJson(reply).Any(found => found.Sequence == entry.Sequence);
    }

    private async Task CheckDirectoryAsync(RawCaller caller)
    {
        var listed = new HashSet<string>();
        string? before = null;
        do
        {
            var fields = new Dictionary<string, object?> { ["limit"] = 100 };
            if (before is not null) fields["before"] = before;
            var reply = await caller.UntilAnsweredAsync("directory", fields);
            foreach (var channel in reply.GetProperty("channels").EnumerateArray()) listed.Add(channel.GetProperty("channel").GetString()!);
            before = reply.TryGetProperty("next", out var next) ? next.GetString() : null;
        }
        while (before is not null);
        foreach (var channel in trial.Log.Keys) trial.Findings.Require(Check.Complete, listed.Contains(channel), () => $"{channel} is not in the directory");
    }

    private async Task CheckInboxAsync(Scene scene)
    {
        await using var inbox = new RawInbox("the owner's inbox", Probe.User, new NodeWay(cluster.Nodes[1]), 1, scene);
        await inbox.FollowAsync();
        var begin = TimeProvider.System.GetTimestamp();
        while (inbox.Picture is null && TimeProvider.System.GetElapsedTime(begin) < Limit) await Task.Delay(Step);
        var truth = await new SqlRecount(cluster.Database!.ConnectionString).RecountAsync(Probe.User);
        trial.Findings.Count(Check.Inbox, truth.Rows.Count);
        foreach (var difference in inbox.Picture is { } shown ? truth.Differences(shown) : ["it is not level"]) trial.Findings.Violate(Check.Inbox, difference);
    }

    private sealed class NodeWay(ChaosNode node) : IWay
    {
        public Task<System.Net.WebSockets.WebSocket> ConnectAsync(CancellationToken cancellationToken) => node.ConnectAsync(Probe.User, cancellationToken);

        public Client.RealtimeClient Open(Client.RealtimeClientOptions options) => throw new NotSupportedException();
    }
}
