using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace RealtimeKit.PlugTest;

/// <summary>
/// Asks for the changes after a version on a bare socket: a client that makes good what a server leaves out would hide it.
/// </summary>
internal sealed class ResumeProbe(Uri endpoint, string cookie)
{
    /// <summary>The versions of the messages that come, in their order, until the server says that there are no more.</summary>
    public async Task<List<long>> ChangesAfterAsync(string channel, long version, CancellationToken cancellationToken)
    {
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("realtimekit.v1.json");
        socket.Options.SetRequestHeader("Cookie", cookie);
        await socket.ConnectAsync(endpoint, cancellationToken);
        var request = $$"""
            {"type":"connect","id":1}
            {"type":"subscribe","id":2,"channel":"{{channel}}","after":{{version}}}
            """;
        await socket.SendAsync(Encoding.UTF8.GetBytes(request), WebSocketMessageType.Text, true, cancellationToken);
        var versions = new List<long>();
        while (true)
        {
            foreach (var line in (await ReceiveAsync(socket, cancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                using var document = JsonDocument.Parse(line);
                var frame = document.RootElement;
                if (frame.GetProperty("type").GetString() == "error") throw new InvalidOperationException($"The server answered {line}");
                if (frame.GetProperty("type").GetString() != "changes") continue;
                versions.AddRange(frame.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("version").GetInt64()));
                if (!frame.GetProperty("more").GetBoolean()) return versions;
            }
        }
    }

    private static async Task<string> ReceiveAsync(ClientWebSocket socket, CancellationToken cancellationToken)
    {
        using var message = new MemoryStream();
        var buffer = new byte[64 * 1_024];
        while (true)
        {
            var read = await socket.ReceiveAsync(buffer, cancellationToken);
            if (read.MessageType == WebSocketMessageType.Close) throw new InvalidOperationException($"The server closed: {socket.CloseStatus}");
            message.Write(buffer, 0, read.Count);
            if (read.EndOfMessage) return Encoding.UTF8.GetString(message.GetBuffer(), 0, (int)message.Length);
        }
    }
}
