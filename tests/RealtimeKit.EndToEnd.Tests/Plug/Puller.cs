using System.Net.WebSockets;
using System.Text;
using RealtimeKit.Client;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;

namespace RealtimeKit.EndToEnd.Plug;

/// <summary>
/// Pulls the plug at the very moment at which an acknowledgement arrives. A server that acknowledges a little before its
/// commit is done is caught by that; at a random moment it would nearly always be lucky.
/// </summary>
internal sealed class Puller(QuickStartProcess server, Ledger ledger, string channel)
{
    private const string User = "puller";
    private const int Batch = 64;
    // Together below what one transport message may have, and large enough for a commit that takes its time.
    private const int TextLength = 3_500;
    private int _number;

    /// <summary>Sends a batch on a bare socket and kills the server when so many of it are acknowledged.</summary>
    public async Task PullAsync(Random random)
    {
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(RawClient.Subprotocol);
        socket.Options.SetRequestHeader("Cookie", await server.SignInAsync(User));
        await socket.ConnectAsync(server.Endpoint, CancellationToken.None);
        await SendAsync(socket, Frames.Compose("connect", 1));
        var buffer = new byte[256 * 1_024];
        await socket.ReceiveAsync(buffer, CancellationToken.None);

        var postings = Enumerable.Range(0, Batch).Select(_ => Post()).ToList();
        await SendAsync(socket, string.Join('\n', postings.Select((posting, i) =>
            Frames.Compose("publish", i + 2, new { channel, message = new { id = posting.Id.ToString(), text = posting.OriginalText } }))));
        var awaited = random.Next(1, Batch);
        var received = new StringBuilder();
        Task? killing = null;
        try
        {
            for (var acknowledged = 0; ;)
            {
                var read = await socket.ReceiveAsync(buffer, CancellationToken.None);
                if (read.MessageType == WebSocketMessageType.Close) break;
                acknowledged += buffer.AsSpan(0, read.Count).Count("\"published\""u8);
                if (acknowledged >= awaited) killing ??= server.KillAsync();
                received.Append(Encoding.UTF8.GetString(buffer, 0, read.Count));
                if (read.EndOfMessage) received.Append('\n');
            }
        }
        catch (WebSocketException)
        {
            // What had arrived before the end has been read.
        }

        await (killing ?? server.KillAsync());
        Note(received.ToString(), postings);
    }

    private Posting Post()
    {
        var number = Interlocked.Increment(ref _number);
        var posting = ledger.Post(channel, User, number, $"{User} {number} {new string('x', TextLength)}");
        posting.Abandoned = true;
        return posting;
    }

    private void Note(string received, List<Posting> postings)
    {
        // The last line may be half a frame.
        foreach (var line in received.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.StartsWith('{') && line.EndsWith('}')))
        {
            var frame = Frames.Parse(line);
            if (!frame.IsType("published")) continue;
            var posting = postings[(int)frame.Number("id") - 2];
            posting.Acknowledged = new SentMessage(
                posting.Id, frame.Number("sequence"), frame.Number("version"), DateTimeOffset.UnixEpoch, frame.Flag("duplicate"));
            ledger.Tell($"{User} acknowledged {channel} {posting.Id} {posting.Acknowledged.Sequence}");
        }
    }

    private static Task SendAsync(ClientWebSocket socket, string text) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None);
}
