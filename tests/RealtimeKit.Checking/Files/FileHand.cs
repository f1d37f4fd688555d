using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Clients;

namespace RealtimeKit.Checking.Files;

/// <summary>
/// What a user with files does: uploads and posts them, drops them by edits, deletes messages, leaves uploads unfinished and files unused, and tries
/// to post what is not finished. Upon the answer that took a file it asks for it, through whichever node.
/// </summary>
internal sealed class FileHand(string user, IReadOnlyList<string> channels, Uploader uploader, IFileWay way, RawCaller caller, int seed, Scene scene)
{
    private const int ActionsForEach = 5;
    private const int MostBytes = 150_000;
    private static readonly Dictionary<string, string> None = [];
    private readonly Random _random = new(seed);
    private readonly List<Posted> _posted = [];

    /// <summary>Works until told to stop.</summary>
    public async Task WorkAsync(CancellationToken stop)
    {
        while (await scene.Pace.TurnAsync(_random, ActionsForEach, stop))
        {
            try
            {
                await scene.Pending.Of(ActAsync());
            }
            catch (OperationCanceledException) when (caller.GivenUp.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task ActAsync()
    {
        var what = _random.Next(100);
        if (what < 18 && _posted.Count > 0)
        {
            await TakeBackAsync(_posted[_random.Next(_posted.Count)], isEdit: what < 9);
            return;
        }

        var channel = channels[_random.Next(channels.Count)];
        var bytes = new byte[_random.Next(1, MostBytes)];
        _random.NextBytes(bytes);
        if (await uploader.BeginAsync(channel, bytes) is not { } file) return;
        if (what >= 80)
        {
            var part = _random.Next(bytes.Length);
            await uploader.SendAsync(file, bytes, part, 1, caller.GivenUp);
            await PostAsync(channel, file, mustBeRefused: true);
            if (what >= 92) return;
        }

        if (!await uploader.SendAsync(file, bytes, bytes.Length, _random.Next(1, 5), caller.GivenUp)) return;
        if (what is >= 18 and < 26) return;
        if (what is >= 26 and < 32) await uploader.EndAsync(file);
        else await PostAsync(channel, file, mustBeRefused: false);
    }

    private async Task PostAsync(string channel, FileNote file, bool mustBeRefused)
    {
        var message = new Dictionary<string, object?>
        {
            ["id"] = scene.Ledger.NewId(_random).ToString(), ["text"] = Scene.Text(user, "attaches", _random),
            ["attachments"] = new[] { new Dictionary<string, object?> { ["file"] = file.Id, ["title"] = "a file" } },
        };
        var reply = await caller.UntilAnsweredAsync("publish", new() { ["channel"] = channel, ["message"] = message });
        var isPosted = RawConnection.Type(reply) == "published";
        if (mustBeRefused) scene.Findings.Require(Check.Files, !isPosted, () => $"{user} posted {file.Id}, which is not finished: {reply}");
        else if (isPosted) _posted.Add(new Posted(channel, reply.GetProperty("sequence").GetInt64(), file));
    }

    private async Task TakeBackAsync(Posted posted, bool isEdit)
    {
        _posted.Remove(posted);
        var fields = new Dictionary<string, object?> { ["channel"] = posted.Channel, ["sequence"] = posted.Sequence };
        if (isEdit) (fields["text"], fields["attachments"]) = ("without the file", null);
        var reply = await caller.UntilAnsweredAsync(isEdit ? "edit" : "delete", fields);
        if (RawConnection.Type(reply) == "error") return;
        try
        {
            var answer = await way.SendAsync(HttpMethod.Get, posted.File.Id, None, null);
            scene.Findings.Require(
                Check.Files, answer.Status is not 200, () => $"{posted.File.Id} was served to {user} after the message {posted.Channel} {posted.Sequence} had lost it");
        }
        catch (ConnectionLostException)
        {
            // The end will tell.
        }
    }

    private sealed record Posted(string Channel, long Sequence, FileNote File);
}
