using System.Globalization;
using System.Text;
using RealtimeKit.Checking.Clients;

namespace RealtimeKit.Checking.Files;

/// <summary>Uploads by tus, in pieces, each through whichever node; what breaks off goes on where the server says.</summary>
internal sealed class Uploader(string user, IFileWay way, FileBook book, Scene scene)
{
    private const int MostFailures = 40;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly Dictionary<string, string> Tus = new() { ["Tus-Resumable"] = "1.0.0" };

    /// <summary>Begins an upload.</summary>
    /// <returns>Null where it did not begin, or nobody knows.</returns>
    public async Task<FileNote?> BeginAsync(string channel, byte[] bytes)
    {
        var metadata = $"filename {Encode("data.bin")},filetype {Encode("application/octet-stream")},channel {Encode(channel)}";
        var headers = new Dictionary<string, string>(Tus) { ["Upload-Length"] = Text(bytes.Length), ["Upload-Metadata"] = metadata };
        try
        {
            var answer = await way.SendAsync(HttpMethod.Post, null, headers, null);
            return answer.Status == 201 ? book.Begin(answer.Headers["location"].Split('/')[^1], channel, user, bytes) : null;
        }
        catch (ConnectionLostException)
        {
            return null;
        }
    }

    /// <summary>Sends the bytes up to a length.</summary>
    /// <returns>Whether the server confirmed them.</returns>
    public async Task<bool> SendAsync(FileNote note, byte[] bytes, int length, int pieces, CancellationToken giveUp)
    {
        var (offset, failures) = (0, 0);
        while (offset < length && failures < MostFailures && !giveUp.IsCancellationRequested)
        {
            try
            {
                var end = Math.Min(length, offset + ((length + pieces - 1) / pieces));
                if (end == bytes.Length) note.Sent();
                var headers = new Dictionary<string, string>(Tus) { ["Upload-Offset"] = Text(offset), ["Content-Type"] = "application/offset+octet-stream" };
                var answer = await way.SendAsync(HttpMethod.Patch, note.Id, headers, bytes[offset..end]);
                if (answer.Status is 204) offset = int.Parse(answer.Headers["upload-offset"], CultureInfo.InvariantCulture);
                else if (answer.Status is 404 or 410 or 403) return false;
                else throw new ConnectionLostException($"PATCH was answered by {answer.Status}");
            }
            catch (ConnectionLostException e)
            {
                failures++;
                scene.Story.Tell($"{user}: the upload {note.Id} broke off: {e.Message}");
                await Task.Delay(Pause, scene.Time, giveUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                offset = await FindOffsetAsync(note) ?? offset;
            }
        }

        return offset >= length;
    }

    /// <summary>Ends an upload before it is complete, or deletes a file that no message has.</summary>
    public async Task EndAsync(FileNote note)
    {
        try
        {
            await way.SendAsync(HttpMethod.Delete, note.Id, Tus, null);
        }
        catch (ConnectionLostException)
        {
            // Then its time ends it.
        }
    }

    private async Task<int?> FindOffsetAsync(FileNote note)
    {
        try
        {
            var answer = await way.SendAsync(HttpMethod.Head, note.Id, Tus, null);
            return answer.Headers.TryGetValue("upload-offset", out var offset) ? int.Parse(offset, CultureInfo.InvariantCulture) : null;
        }
        catch (ConnectionLostException)
        {
            return null;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
