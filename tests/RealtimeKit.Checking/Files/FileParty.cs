using System.Globalization;
using System.Text.Json;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Clients;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.Runs;

namespace RealtimeKit.Checking.Files;

/// <summary>
/// Users with files in private channels. Every file of a message must be whole and readable by a member at each node, and hidden from a stranger;
/// in the end there is no other byte in the folder.
/// </summary>
internal sealed class FileParty : IAsyncDisposable
{
    private const int Users = 4;
    private const int Channels = 3;
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SweepLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(200);
    private readonly TrialSettings _settings;
    private readonly IWorld _world;
    private readonly IFileWorld _files;
    private readonly Scene _scene;
    private readonly FileBook _book = new();
    private readonly List<string> _users = [];
    private readonly List<string> _channels = [];
    private readonly List<FileHand> _hands = [];
    private readonly List<RawCaller> _callers = [];
    private readonly Random _random;
    private readonly string _stranger;

    private FileParty(TrialSettings settings, IWorld world, IFileWorld files, Scene scene, string prefix) =>
        (_settings, _world, _files, _scene, _stranger, _random) = (settings, world, files, scene, $"{prefix}-stranger", new Random(Seeds.Derive(settings.Seed, "files")));

    /// <summary>Makes it; null in a world without files.</summary>
    public static async Task<FileParty?> MakeAsync(TrialSettings settings, IWorld world, Scene scene, string prefix, int first)
    {
        if (world.Files is not { } files) return null;
        var party = new FileParty(settings, world, files, scene, prefix);
        party._channels.AddRange(Enumerable.Range(0, Channels).Select(n => string.Create(CultureInfo.InvariantCulture, $"{prefix}-files-{n}")));
        party._callers.Add(new RawCaller(await world.MakeWayAsync(first++, Probe.User), scene));
        for (var n = 0; n < Users; n++)
        {
            var user = string.Create(CultureInfo.InvariantCulture, $"{prefix}-filer{n}");
            var way = await world.MakeWayAsync(first++, user);
            var caller = new RawCaller(way, scene);
            party._users.Add(user);
            party._callers.Add(caller);
            party._hands.Add(new FileHand(user, party._channels, new Uploader(user, (IFileWay)way, party._book, scene), (IFileWay)way, caller, party._random.Next(), scene));
        }

        return party;
    }

    /// <summary>Makes the channels.</summary>
    public async Task FollowAsync()
    {
        foreach (var channel in _channels)
            await _callers[0].UntilAnsweredAsync("create", new() { ["channel"] = channel, ["kind"] = "private", ["members"] = _users });
    }

    /// <summary>Works until told to stop.</summary>
    public Task WorkAsync(CancellationToken stop) => Task.WhenAll(_hands.Select(hand => hand.WorkAsync(stop)));

    /// <summary>Every file of a message is whole, and hidden from a stranger.</summary>
    /// <returns>The files of messages.</returns>
    public async Task<IReadOnlySet<string>> CheckMessagesAsync(string after)
    {
        var live = new HashSet<string>();
        foreach (var channel in _channels)
        {
            foreach (var id in await ReadFilesAsync(channel))
            {
                _scene.Findings.Require(Check.Files, live.Add(id), () => $"{id} is in two messages {after}");
                await CheckFileAsync(id, after);
            }
        }

        return live;
    }

    /// <summary>When all times are over there is no byte but those of messages, and no other file is served.</summary>
    public async Task CheckEndAsync()
    {
        var live = await CheckMessagesAsync("in the end");
        var begin = _scene.Time.GetTimestamp();
        IReadOnlyList<string> orphans;
        do
        {
            await Task.Delay(Step, _scene.Time);
            orphans = [.. _files.Stored().Where(id => !live.Contains(id))];
        }
        while (orphans.Count > 0 && _scene.Time.GetElapsedTime(begin) < (_files.Keep + SweepLimit) * _settings.Slack);
        _scene.Findings.Require(Check.Files, _book.All.Any(), () => "no upload began in the whole run");
        foreach (var id in orphans) _scene.Findings.Violate(Check.Files, $"{id} has bytes, is in no message, and its time is over");
        foreach (var note in _book.All.Where(note => !live.Contains(note.Id)).OrderBy(_ => _random.Next()).Take(50))
        {
            var answer = await GetAsync(note.Id, note.Owner);
            _scene.Findings.Require(Check.Files, answer.Status == 404, () => $"{note.Id} of {note.Owner} is in no message, and was answered with {answer.Status}");
        }

        _scene.Story.Say($"{_book.All.Count()} uploads, {live.Count} files in messages");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var caller in _callers) await caller.DisposeAsync();
    }

    private async Task CheckFileAsync(string id, string after)
    {
        if (_book.Find(id) is not { } note)
        {
            _scene.Findings.Violate(Check.Files, $"nobody uploaded {id}, which a message has {after}");
            return;
        }

        _scene.Findings.Require(Check.Files, note.IsSent, () => $"{id} is in a message {after}, and not all of its bytes were sent");
        var answer = await GetAsync(id, _users[_random.Next(_users.Count)]);
        _scene.Findings.Require(
            Check.Files, answer.Status == 200 && note.IsSame(answer.Body), () => $"{id} of {note.Owner} is in a message {after}, and was answered with {answer.Status} and {answer.Body.Length} bytes");
        var stranger = await GetAsync(id, _stranger);
        _scene.Findings.Require(Check.Files, stranger.Status == 404, () => $"{id} was answered to a stranger with {stranger.Status} {after}");
    }

    // A node may find out only now that its connections to the database are dead.
    private async Task<FileAnswer> GetAsync(string id, string user)
    {
        var begin = _scene.Time.GetTimestamp();
        while (true)
        {
            try
            {
                var way = await _files.WayToAsync(_world.Nodes[_random.Next(_world.Nodes.Count)], user);
                var answer = await way.SendAsync(HttpMethod.Get, id, new Dictionary<string, string>(), null);
                if (answer.Status < 500 || _scene.Time.GetElapsedTime(begin) > AnswerLimit * _settings.Slack) return answer;
            }
            catch (ConnectionLostException) when (_scene.Time.GetElapsedTime(begin) < AnswerLimit * _settings.Slack)
            {
                // The node may have started just now.
            }

            await Task.Delay(Step, _scene.Time);
        }
    }

    private async Task<IReadOnlyList<string>> ReadFilesAsync(string channel)
    {
        var files = new List<string>();
        var after = 0L;
        while (true)
        {
            var page = await _callers[0].UntilAnsweredAsync("history", new() { ["channel"] = channel, ["after"] = after, ["limit"] = 200 });
            foreach (var message in page.GetProperty("messages").EnumerateArray())
            {
                after = message.GetProperty("sequence").GetInt64();
                if (message.TryGetProperty("attachments", out var attachments))
                    files.AddRange(attachments.EnumerateArray().Select(attachment => attachment.GetProperty("file").GetString()!));
            }

            if (!page.TryGetProperty("more", out var more) || more.ValueKind != JsonValueKind.True) return files;
        }
    }
}
